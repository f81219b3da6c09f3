"""`python -m bench [NAME] [--json] [--ticks N]`: one measurement, or all of them into RESULTS.md."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from bench import business, catchup, latency, sink, stream, tenants
from bench.machine import machine
from bench.places import RESULTS
from bench.results import render
from bench.telling import say

MEASUREMENTS: dict[str, Callable[..., dict[str, Any]]] = {
    "stream": stream.measure,
    "catchup": catchup.measure,
    "latency": latency.measure,
    "sink": sink.measure,
    "tenants": tenants.measure,
    "business": business.measure,
}


def main() -> int:
    """Measure, print, and keep the table of a whole run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "measurement", nargs="?", choices=MEASUREMENTS, help="one alone; without it all, kept in RESULTS.md"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--ticks", type=int, help="fewer or more ticks than the measurement's own number")
    asked = parser.parse_args()
    facts = machine()
    names = [asked.measurement] if asked.measurement else list(MEASUREMENTS)
    found, failed = {}, {}
    for name in names:
        say(f"{name} …")
        arguments = [asked.ticks] if asked.ticks and name not in ("latency", "tenants", "business") else []
        try:
            found[name] = MEASUREMENTS[name](*arguments)
        except Exception as error:  # noqa: BLE001  one that fails must not take the others' figures with it
            failed[name] = f"{type(error).__name__}: {error}"
            say(f"{name}: {failed[name]}")
    table = render(facts, found, failed)
    if not asked.measurement:
        RESULTS.write_text(table)
    if asked.json:
        print(json.dumps(found.get(asked.measurement, {}) if asked.measurement else {"machine": facts} | found))
    else:
        print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
