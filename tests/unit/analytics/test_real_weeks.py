"""A week of real ticks of two brokers: no false breach in quiet hours, pauses and silences, nor beyond the week."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from analytics.sla.schedule import Schedule
from analytics.sla.slices import Slice, Slicer
from analytics.sla.watch import Limits, Watch
from collectors.replay.tape import read_rows
from tests.unit.collectors.tapes import SHARED, entry
from tierfeed.domain.market import Calendar
from tierfeed.domain.objectives import Objective
from tierfeed.domain.tiers import Tier

TICKS = SHARED / "data" / "ticks"
pytestmark = pytest.mark.skipif(not TICKS.is_dir(), reason=f"needs the shared data, {TICKS} is not there")

SYMBOLS = {"EURUSD": "eurusd", "NZDUSD": "nzdusd"}
FEEDS = {"fxcm": ("fxcm-raw", 5), "oanda": ("oanda", 0)}
"""With the hours that its clock is behind UTC."""
CALENDAR = Calendar(rollover_s={"fxcm": 300, "oanda": 300})
START, END = (int(datetime(2014, 5, day, 20, tzinfo=UTC).timestamp()) for day in (4, 10))


def tier(*brokers: str) -> Tier:
    return Tier(
        name="-".join(brokers), symbols=None, interval_us=10_000, depth_hours=1, brokers=brokers,
        redundancy=len(brokers), record="FreeQuote", uptime_ppm=999_900,
    )  # fmt: skip


@cache
def ticked(broker: str) -> dict[int, frozenset[str]]:
    """By second: the symbols that ticked."""
    feed, behind_h = FEEDS[broker]
    found: dict[int, set[str]] = {}
    for symbol, folder in SYMBOLS.items():
        for file in sorted((TICKS / feed / folder).glob("*.zip")):
            rows = read_rows(entry(symbol=symbol, format="lean"), file, file.name)
            for second in np.unique(rows.event_us // 1_000_000).tolist():
                found.setdefault(second + behind_h * 3600, set()).add(symbol)
    return {second: frozenset(symbols) for second, symbols in found.items()}


def slices(away: Iterable[tuple[str, int, int]] = (), mute: Iterable[tuple[str, int, int]] = ()) -> list[Slice]:
    """Of the week. Both are connected all the time but when `away`, and send nothing when `mute`."""
    heard: dict[int, dict[str, frozenset[str]]] = {}
    for second in range(START, END):
        heard[second] = {broker: ticked(broker).get(second, frozenset()) for broker in FEEDS}
    for broker, begin, end in away:
        for second in range(begin, end):
            del heard[second][broker]
    for broker, begin, end in mute:
        for second in range(begin, end):
            heard[second][broker] = frozenset()
    tiers = [tier("fxcm"), tier("oanda"), tier("fxcm", "oanda")]
    slicer = Slicer(tiers, Watch(Limits()))
    return list(slicer.run(heard, Schedule(CALENDAR, tiers, START, END), START, END))


def bad(found: list[Slice], name: str, objective: Objective) -> list[int]:
    return [each.start for each in found if each.tier == name and each.objective is objective and each.judged().bad]


def test_a_real_week_has_no_breach_of_uptime() -> None:
    found = slices()
    uptime = [each for each in found if each.objective is Objective.UPTIME]
    # Sunday 21:00 to Friday 21:00 is 120 hours, less the pauses at the ends of four days.
    assert len(uptime) == 3 * (120 * 360 - 4 * 30)
    assert {name: bad(found, name, Objective.UPTIME) for name in ("fxcm", "oanda", "fxcm-oanda")} == {
        "fxcm": [], "oanda": [], "fxcm-oanda": [],
    }  # fmt: skip


def test_what_is_injected_into_it_is_found_and_nothing_else() -> None:
    noon = int(datetime(2014, 5, 7, 12, tzinfo=UTC).timestamp())
    found = slices(away=[("fxcm", noon, noon + 120)], mute=[("oanda", noon + 7200, noon + 7500)])
    lost = bad(found, "fxcm", Objective.UPTIME)
    assert (lost[0] - noon, lost[-1] - noon) == (0, 110)
    assert bad(found, "fxcm-oanda", Objective.UPTIME) == []  # one of two is enough
    silent = bad(found, "oanda", Objective.UPTIME)
    assert 7200 + 30 <= silent[0] - noon <= 7200 + 90  # after forty seconds in which FXCM ticked
    assert silent[-1] - noon <= 7500
    minutes = bad(found, "fxcm-oanda", Objective.REDUNDANCY)
    assert set(range(noon, noon + 120, 60)) | set(range(noon + 7320, noon + 7500, 60)) <= set(minutes)
