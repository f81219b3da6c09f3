"""Slices of time and of occurrences, counted by hand."""

from dataclasses import replace

from analytics.sla.schedule import Schedule
from analytics.sla.slices import UNMEASURED, Counted, Slice, Slicer, counted
from analytics.sla.watch import Limits, Watch
from tierfeed.domain.market import Calendar
from tierfeed.domain.objectives import Objective
from tierfeed.domain.tiers import Tier

NOON = 1_777_464_000
"""Wednesday 2026-04-29 12:00 UTC, in the middle of an FX week."""
PRO = Tier(
    name="pro", symbols=frozenset({"EURUSD", "GBPUSD"}), interval_us=100_000, depth_hours=24, brokers=("alpha", "beta"),
    redundancy=2, record="ProQuote", latency_us=5000, completeness_ppm=995_000, uptime_ppm=999_000,
)  # fmt: skip
EURUSD, QUIET = frozenset({"EURUSD"}), frozenset[str]()
Heard = dict[int, dict[str, frozenset[str]]]


def run(heard: Heard, length_s: int = 60, tier: Tier = PRO, upstream: dict[str, str] | None = None) -> list[Slice]:
    schedule = Schedule(Calendar(), [tier], NOON, NOON + length_s)
    slicer = Slicer([tier], Watch(Limits()), upstream)
    return list(slicer.run({NOON + at: said for at, said in heard.items()}, schedule, NOON, NOON + length_s))


def of(slices: list[Slice], objective: Objective) -> list[Slice]:
    return [each for each in slices if each.objective is objective]


def all_fine(length_s: int = 60) -> Heard:
    return {at: {"alpha": EURUSD, "beta": EURUSD} for at in range(length_s)}


def test_six_slices_of_uptime_and_one_of_redundancy_in_a_minute() -> None:
    slices = run(all_fine())
    uptime, (redundancy,) = of(slices, Objective.UPTIME), of(slices, Objective.REDUNDANCY)
    assert [each.start - NOON for each in uptime] == [0, 10, 20, 30, 40, 50]
    # GBPUSD is sold, and nobody ticks it: quiet, and not to be redundant.
    assert {(each.symbols, each.good, each.total) for each in uptime} == {(("EURUSD", "GBPUSD"), (1, 1), (1, 1))}
    assert (redundancy.symbols, redundancy.good, redundancy.total, redundancy.causes) == (
        ("EURUSD",),
        (2,),
        (2,),
        ("",),
    )
    assert [each.judged().good for each in slices] == [1] * 7


def test_redundancy_is_that_of_the_worst_moment() -> None:
    heard = all_fine()
    for at in range(20, 32):
        del heard[at]["beta"]  # its last sign of life is second 19: by 30 it is gone, by 40 it is back
    slices = run(heard)
    (redundancy,) = of(slices, Objective.REDUNDANCY)
    assert (redundancy.good, redundancy.causes) == ((1,), ("session_lost",))
    assert redundancy.judged().bad == 1
    assert all(each.judged().bad == 0 for each in of(slices, Objective.UPTIME))


def test_two_brokers_of_one_feed_are_one() -> None:
    (redundancy,) = of(run(all_fine(), upstream={"alpha": "one", "beta": "one"}), Objective.REDUNDANCY)
    assert (redundancy.good, redundancy.causes) == ((1,), ("one_feed",))


def test_time_is_bad_when_every_broker_of_the_tier_is_gone_and_another_is_there() -> None:
    heard = {at: {"gamma": EURUSD} | ({"alpha": EURUSD} if at < 20 else {}) for at in range(60)}
    uptime = of(run(heard), Objective.UPTIME)
    assert [each.good for each in uptime] == [(1, 1), (1, 1), (0, 0), (0, 0), (0, 0), (0, 0)]
    assert uptime[-1].causes == ("session_lost", "session_lost")
    assert uptime[-1].judged().causes == ("session_lost",)


def test_a_slice_in_which_nobody_is_heard_is_bad_and_unmeasured() -> None:
    heard = {at: said for at, said in all_fine().items() if not 20 <= at < 30}
    uptime = of(run(heard), Objective.UPTIME)
    assert [each.judged().bad for each in uptime] == [0, 0, 1, 0, 0, 0]
    assert uptime[2].causes == (UNMEASURED, UNMEASURED)


def test_closed_time_has_no_slices() -> None:
    friday_close = NOON + 2 * 86_400 + 9 * 3600  # 21:00 UTC
    schedule = Schedule(Calendar(), [PRO], friday_close - 60, friday_close + 60)
    slices = Slicer([PRO], Watch(Limits())).run({}, schedule, friday_close - 60, friday_close + 60)
    assert {each.start - friday_close for each in slices} == {-60, -50, -40, -30, -20, -10}


def test_a_tenant_with_fewer_symbols_is_judged_by_those() -> None:
    slice_ = Slice("pro", Objective.UPTIME, NOON, 10, ("EURUSD", "GBPUSD"), (1, 0), (1, 1), ("", "mute"))
    assert slice_.judged().bad == 1
    assert slice_.judged(EURUSD).good == 1
    assert slice_.judged(frozenset({"USDJPY"})).total == 0


def test_a_slice_is_good_when_95_percent_of_the_symbols_are() -> None:
    names = tuple(f"S{i:02}" for i in range(20))
    fine = Slice("x", Objective.UPTIME, NOON, 10, names, (0,) + (1,) * 19, (1,) * 20, ("mute",) + ("",) * 19)
    assert fine.judged().good == 1
    assert replace(fine, good=(0, 0) + (1,) * 18).judged().good == 0


def test_occurrences_are_added_up() -> None:
    rows = [
        Counted("pro", "GBPUSD", NOON, records=10, timely=9, updates=30, covered=27),
        Counted("pro", "EURUSD", NOON, records=90, timely=90, updates=100, covered=100),
    ]
    latency, completeness = counted(rows)
    assert (latency.symbols, latency.good, latency.total) == (("EURUSD", "GBPUSD"), (90, 9), (90, 10))
    assert (latency.judged().good, latency.judged().total) == (99, 100)
    assert (completeness.judged().good, completeness.judged().total) == (127, 130)
