"""A drill's course: a stack of its own, the incident, and the wait until everything about it is over."""

import asyncio
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from collectors.replay.tape import SHIPPED, read_tape
from infra import clickhouse
from infra.supervisor import Happening, PartState, Supervisor
from tierfeed.cli import launch
from tierfeed.cli.output import err
from tierfeed.cli.run_up import start_collectors
from tierfeed.cli.stack import DRILL, Folder, embedded
from tierfeed.domain.drills import Drill, Found, problems
from tierfeed.settings import TIERS_FILE, ClickHouseSettings, Settings

LOOK_S = 1.0
SETTLE_S = 75.0
"""So long behind the incident's end is it waited for what was not to be found."""
LONGEST_S = 420.0
"""What is not over so long behind the incident's end is told as it is."""
LATENCY_MS = 2000
"""The pipeline's own latency is not what is drilled, and the machine may be a busy one."""
QUIET = (PartState.STARTING, PartState.FINISHED, PartState.RUNNING)
EVENTS = """
SELECT
    identity, any(incident) AS incident, any(kind) AS kind, any(tier) AS tier, any(objective) AS objective,
    any(action) AS action, any(detail) AS detail, any(causes) AS causes,
    min(toUnixTimestamp64Milli(told_time)) / 1000 AS told_s, uniqExact(partition, offset) AS times
FROM sla_events GROUP BY identity ORDER BY told_s, min(offset)
"""
COMMANDS = """
SELECT command, step, any(by) AS by, any(reason) AS reason, min(toUnixTimestamp64Milli(time)) / 1000 AS told_s
FROM control_commands GROUP BY command, step ORDER BY told_s
"""
GAPS = """
SELECT
    gap, cause, state, expected, filled, reason,
    toUnixTimestamp64Milli(found_at) / 1000 AS found_s, toUnixTimestamp64Milli(changed_at) / 1000 AS told_s
FROM gaps FINAL ORDER BY changed_at
"""
CROSSED = """
SELECT countIf(state = 'CROSSED'), count() FROM tier_quotes
WHERE tier = {tier:String}
    AND toUnixTimestamp64Milli(published_time) >= {from:Int64} AND toUnixTimestamp64Milli(published_time) < {to:Int64}
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times are seconds after the incident began: of the first thing noticed, the first command that was done, and
    the last step of all. None where there is none.
    """

    drill: Drill
    timeline: tuple[dict[str, Any], ...]
    detected_s: float | None
    acted_s: float | None
    ended_s: float | None
    crossed_percent: float | None
    problems: tuple[str, ...]
    kept: Path
    """Where the stack lies that found problems; else nothing is there."""

    def document(self) -> dict[str, Any]:
        names = ("detected_s", "acted_s", "ended_s", "crossed_percent")
        figures = {name: getattr(self, name) for name in names}
        told = {"timeline": list(self.timeline), "problems": list(self.problems)}
        return {"drill": self.drill.name, "says": self.drill.says, **figures, **told}


async def run(settings: Settings, path: Path) -> Outcome:
    """Run it whole. Raises UpstreamError where something is away, BusyError where another one runs."""
    drill = Drill.of(path.stem, yaml.safe_load(await asyncio.to_thread(path.read_text)))
    folder = Folder(settings.home / DRILL)
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with folder.exclusive():
        folder.kafka.stop()
        folder.clickhouse.stop()
        shutil.rmtree(folder.path)
        folder.path.mkdir()
        outcome = await _Course(settings, drill, folder).run()
        if not outcome.problems:
            shutil.rmtree(folder.path, ignore_errors=True)
    return outcome


class _Course:
    """One drill under way."""

    def __init__(self, settings: Settings, drill: Drill, folder: Folder) -> None:
        self._drill, self._folder = drill, folder
        tiers = yaml.safe_load(TIERS_FILE.read_text())
        calm = {name: tier | {"latency_ms": LATENCY_MS} for name, tier in tiers.items()}
        # Incidents do not wait for Monday.
        files = {"tape": drill.tape(str(SHIPPED.parent)), "tiers": calm, "market": {"always": True}}
        self._files = {name: folder.path / f"{name}.yaml" for name in files}
        for name, document in files.items():
            self._files[name].write_text(yaml.safe_dump(document))
        self._settings = settings.model_copy(
            update={"tiers_file": self._files["tiers"], "market_file": self._files["market"], "broker_connections": {}}
        )
        self._said: set[tuple[Any, ...]] = set()

    async def run(self) -> Outcome:
        await launch.fetch_jars(_say)
        tape = await asyncio.to_thread(read_tape, self._files["tape"])
        files = {f"TIERFEED_{name.upper()}_FILE": str(self._files[name]) for name in ("tiers", "market")}
        async with Supervisor(self._folder.path, _heard) as supervisor:
            _say(f"{self._drill.name}: {self._drill.says}")
            await asyncio.gather(launch.start_servers(supervisor, self._folder), launch.warm(supervisor))
            stack = launch.stack_of(self._folder, DRILL, tape.brokers)
            settings = embedded(self._settings, stack)
            await launch.provide(settings)
            self._folder.write(stack)
            await launch.start_workers(supervisor, settings, stack, self._folder.path, files)
            began_us = await start_collectors(supervisor, settings, tape, self._folder.path)
            begin_s, end_s = self._drill.span_s
            _say(f"the incident begins in {begin_s + began_us / 1e6 - time.time():.0f} s and lasts {end_s - begin_s} s")
            watching = asyncio.ensure_future(self._watched(settings.clickhouse, began_us / 1e6))
            failing = asyncio.ensure_future(supervisor.failure())
            await asyncio.wait({watching, failing}, return_when=asyncio.FIRST_COMPLETED)
            failing.cancel()
            if not watching.done():
                watching.cancel()
                await failing
            return await watching

    async def _watched(self, where: ClickHouseSettings, began_s: float) -> Outcome:
        begin_s, end_s = (began_s + at_s for at_s in self._drill.span_s)
        while True:
            found = await asyncio.to_thread(self._look, where, begin_s)
            now_s = time.time()
            if now_s > end_s + LONGEST_S or (now_s > end_s + SETTLE_S and not found.is_open):
                return await asyncio.to_thread(self._outcome, where, found, begin_s, end_s)
            await asyncio.sleep(LOOK_S)

    def _look(self, where: ClickHouseSettings, begin_s: float) -> Found:
        """What is stored, and told if it is new."""
        client = clickhouse.client(where)
        try:
            found = Found(*(list(client.query(sql).named_results()) for sql in (EVENTS, GAPS)))
            for row in sorted(_timeline(found, client), key=lambda row: row["told_s"]):
                key = row["what"], row["of"], row["detail"]
                if key not in self._said:
                    self._said.add(key)
                    _say(f"{row['told_s'] - begin_s:+8.1f} s  {row['what']:<12} {row['of']}  {row['detail'] or ''}")
            return found
        finally:
            client.close()

    def _outcome(self, where: ClickHouseSettings, found: Found, begin_s: float, end_s: float) -> Outcome:
        client = clickhouse.client(where)
        try:
            timeline = sorted(_timeline(found, client), key=lambda row: row["told_s"])
            crossed = self._crossed(client, begin_s, end_s)
        finally:
            client.close()
        told = [*problems(self._drill, found)]
        if found.is_open:
            told.append(f"not everything was over {LONGEST_S:.0f} s behind the end of the incident")
        if crossed is not None and crossed < 50:
            told.append(f"{self._drill.crossed} was crossed in {crossed:.0f} % of its records only")
        at = [row["told_s"] for row in timeline]
        done = [row["told_s"] for row in timeline if row["what"] == "done"]
        for row in timeline:
            row["told_s"] = round(row["told_s"] - begin_s, 3)
        first, acted, last = (
            None if not times else round(pick(times) - begin_s, 3)
            for times, pick in ((at, min), (done, min), (at, max))
        )
        return Outcome(self._drill, tuple(timeline), first, acted, last, crossed, tuple(told), self._folder.path)

    def _crossed(self, client: Any, begin_s: float, end_s: float) -> float | None:
        if self._drill.crossed is None:
            return None
        span = {"tier": self._drill.crossed, "from": round(begin_s * 1000), "to": round(end_s * 1000)}
        ((during, records),) = client.query(CROSSED, parameters=span).result_rows
        return round(100 * during / records, 2) if records else 0.0


def _timeline(found: Found, client: Any) -> list[dict[str, Any]]:
    rows = [_row(row["kind"].lower(), row["incident"], row["detail"] or row["causes"], row) for row in found.events]
    rows += [
        _row(row["step"].lower(), row["command"], row["reason"] or f"by {row['by']}", row)
        for row in client.query(COMMANDS).named_results()
    ]
    for row in found.gaps:
        rows.append(_row("found", f"gap {row['gap']}", row["cause"], {"told_s": row["found_s"]}))
        if row["state"] == "suspected":
            continue
        count = "" if row["expected"] is None else f"{row['filled'] or 0} of {row['expected']} ticks"
        rows.append(_row(row["state"], f"gap {row['gap']}", " ".join(filter(None, (count, row["reason"]))), row))
    return rows


def _row(what: str, of: str, detail: str | None, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"told_s": row["told_s"], "what": what, "of": of, "detail": detail}


def _say(text: str) -> None:
    err().print(text, markup=False)


def _heard(happening: Happening) -> None:
    if happening.state not in QUIET:
        _say(f"{happening.part}: {happening.text}")
