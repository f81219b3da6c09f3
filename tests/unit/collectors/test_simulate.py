"""A simulated broker does what its profile says, the same each time, and its ledger says exactly what."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from collectors.port import Ledger, Ticks
from collectors.script import Script
from collectors.simulator.profile import Profile, load_profile
from collectors.simulator.simulate import Reference, silences, simulate
from tests.unit.collectors.tapes import MIDNIGHT_US, SHARED
from tierfeed.domain.words import Feed

N = 4000


def _market(n: int = N, every_us: int = 50_000) -> Reference:
    rng = np.random.default_rng(5)
    mid = np.round(1.39 + np.cumsum(rng.integers(-2, 3, n)) * 1e-5, 5)
    event_us = MIDNIGHT_US + np.arange(n, dtype=np.int64) * every_us
    return Reference(event_us, mid, np.round(mid + 1.2e-4, 5))


def _run(profile: dict[str, object], seed: int = 1, broker: str = "b", **markets: Reference) -> tuple[Ticks, Ledger]:
    ticks, _, ledger = simulate(
        broker, markets or {"EURUSD": _market()}, Profile.model_validate(profile), seed, MIDNIGHT_US
    )
    return ticks, ledger


def test_the_same_seed_gives_the_same_ticks_and_another_one_others() -> None:
    profile: dict[str, object] = {"thinning": 0.1, "noise_points": 1, "lines": {"A": {"redelivered": 0.1}, "B": {}}}
    first, again, other = (_run(profile, seed)[0] for seed in (1, 1, 2))
    assert first.received_us.tolist() == again.received_us.tolist()
    assert first.bid.tolist() == again.bid.tolist()
    assert first.bid.tolist() != other.bid.tolist()


def test_what_a_line_withholds_stands_where_it_would_have_come() -> None:
    """Also among ticks of one time, of which there are many where nothing overtakes."""
    lines = {"A": {"skipped": 0.3, "redelivered": 0.2, "latency": {"median_ms": 400, "sigma": 1.5}}}
    profile = Profile.model_validate({"lines": lines, "outages": [{"at_s": 20, "for_s": 30}]})
    markets = {"EURUSD": _market()}
    ticks, missed, ledger = simulate("b", markets, profile, 3, MIDNIGHT_US)
    end_us = int(ticks.received_us[-1]) + 1_000_000
    script = Script("b", Feed.SIMULATED, MIDNIGHT_US, end_us, (), ticks, ledger, missed=missed)
    history = script.history(0, None, 0, 2**62)
    assert len(np.unique(ticks.received_us)) < len(np.unique(ticks.sequence))
    assert history.event_us.tolist() == markets["EURUSD"].event_us.tolist()
    assert len(missed) == ledger.total.skipped + ledger.total.lost > 500
    assert script.history(0, "EURUSD", 0, end_us).bid.tolist() == history.bid.tolist()
    assert not len(script.history(0, "NZDUSD", 0, end_us))
    assert not len(script.history(1, None, 0, end_us))


def test_another_symbol_or_broker_does_not_change_the_chance_of_the_first() -> None:
    alone, _ = _run({"thinning": 0.5})
    beside, _ = _run({"thinning": 0.5}, EURUSD=_market(), NZDUSD=_market())
    assert alone.bid.tolist() == beside.bid[beside.symbol == 0].tolist()
    assert _run({"thinning": 0.5}, broker="c")[0].bid.tolist() != alone.bid.tolist()


def test_the_spread_is_the_markets_times_a_factor_and_a_markup_on_the_symbols_digits() -> None:
    ticks, _ = _run({"spread_factor": 0.5, "markup_points": 4.0})
    spread_points = (ticks.ask - ticks.bid) * 1e5
    assert np.allclose(spread_points, np.rint(spread_points), atol=1e-6)
    assert set(np.rint(spread_points).astype(int).tolist()) == {10}
    assert all(float(f"{price:.5f}") == price for price in ticks.bid.tolist())


def test_prices_of_yen_pairs_have_three_digits() -> None:
    market = _market()
    ticks, _ = _run({"noise_points": 2.0}, USDJPY=Reference(market.event_us, market.bid * 100, market.ask * 100))
    assert all(float(f"{price:.3f}") == price for price in ticks.bid.tolist())


def test_a_tick_is_received_after_its_latency_and_nothing_overtakes_on_a_line() -> None:
    profile: dict[str, object] = {
        "lines": {"A": {"latency": {"median_ms": 80, "sigma": 1.0, "floor_ms": 2, "cap_ms": 500}}}
    }
    queued, _ = _run(profile)
    assert (np.diff(queued.received_us) >= 0).all()
    assert (np.diff(queued.sequence) == 1).all()
    ticks, _ = _run(profile, EURUSD=_market(every_us=1_000_000))
    latency_us = ticks.received_us - ticks.event_us
    assert latency_us.min() >= 2_000
    assert 70_000 < np.median(latency_us) < 90_000
    assert latency_us.max() <= 500_000


def test_a_clock_offset_moves_the_brokers_time_and_not_ours() -> None:
    early, _ = _run({})
    late, _ = _run({"clock_offset_ms": -12.5})
    assert late.received_us.tolist() == early.received_us.tolist()
    assert set((late.event_us - early.event_us).tolist()) == {-12_500}


def test_skipped_sequences_leave_holes_between_ticks_that_came() -> None:
    ticks, ledger = _run({"lines": {"A": {"skipped": 0.3}}})
    sequences = ticks.sequence.tolist()
    missing = set(range(min(sequences), max(sequences) + 1)) - set(sequences)
    assert (sequences[0], sequences[-1]) == (1, N)
    assert len(missing) == ledger.total.skipped > N / 5


def test_redelivered_ticks_are_the_same_a_little_later() -> None:
    ticks, ledger = _run({"lines": {"A": {"redelivered": 0.2, "redelivery_ms": 30}}})
    first: dict[int, int] = {}
    again = 0
    for row, sequence in enumerate(ticks.sequence.tolist()):
        if sequence not in first:
            first[sequence] = row
            continue
        again += 1
        before = first[sequence]
        assert 1 <= ticks.received_us[row] - ticks.received_us[before] <= 30_001
        assert (ticks.event_us[row], ticks.bid[row]) == (ticks.event_us[before], ticks.bid[before])
    assert again == ledger.total.redelivered > N / 10


def test_an_outage_loses_the_ticks_of_its_time_and_no_sequence() -> None:
    ticks, ledger = _run({"outages": [{"at_s": 60, "for_s": 20}]})
    start_us = MIDNIGHT_US + 60_000_000
    assert not ((ticks.received_us >= start_us) & (ticks.received_us < start_us + 20_000_000)).any()
    assert ledger.total.lost == 400
    assert (np.diff(ticks.sequence) == 1).all()


def test_an_outage_can_hit_one_line_alone() -> None:
    ticks, ledger = _run({"lines": {"A": {}, "B": {}}, "outages": [{"at_s": 60, "for_s": 20, "lines": ["B"]}]})
    assert [row.lost for row in ledger.rows] == [0, 400]
    assert (ticks.line == 0).sum() == N


def _passed_by_lines(ticks: Ticks) -> int:
    """SEMANTICS r8, as plainly as can be: a redelivery of the k-th occurrence on another line is dropped."""
    counts: dict[tuple[object, ...], Counter[int]] = defaultdict(Counter)
    seen: set[tuple[int, int, int]] = set()
    doubled = 0
    for row in range(len(ticks)):
        line, symbol, sequence = (int(column[row]) for column in (ticks.line, ticks.symbol, ticks.sequence))
        if (line, symbol, sequence) in seen:
            continue
        seen.add((line, symbol, sequence))
        mine = counts[symbol, ticks.event_us[row], ticks.bid[row], ticks.ask[row]]
        greatest = max(mine.values(), default=0)
        mine[line] += 1
        doubled += mine[line] <= greatest
    return doubled


def test_the_ledger_counts_what_a_second_line_doubles() -> None:
    lines = {"A": {"thinning": 0.1, "redelivered": 0.05}, "B": {"thinning": 0.3, "latency": {"median_ms": 90}}}
    market = _market()
    # Twice the same quote in one instant is two ticks, on each line.
    stutter = Reference(*(np.repeat(column, 2) for column in (market.event_us, market.bid, market.ask)))
    ticks, ledger = _run({"lines": lines}, EURUSD=stutter, NZDUSD=_market())
    assert sum(ledger.line_doubled.values()) == _passed_by_lines(ticks) > N


def test_every_reference_tick_is_accounted_for() -> None:
    profile: dict[str, object] = {
        "thinning": 0.2,
        "lines": {"A": {"thinning": 0.1, "redelivered": 0.1, "skipped": 0.1}, "B": {"thinning": 0.5}},
        "outages": [{"at_s": 10, "for_s": 30}],
    }
    ticks, ledger = _run(profile, EURUSD=_market(), NZDUSD=_market(500))
    assert ledger.feed is Feed.SIMULATED
    assert ledger.total.published == len(ticks)
    for row in (*ledger.rows, ledger.total):
        gone = row.unquoted + row.thinned + row.lost + row.skipped
        assert row.reference == gone + row.published - row.redelivered


def test_a_one_sided_reference_stays_one_sided() -> None:
    zero = np.zeros(3)
    market = Reference(MIDNIGHT_US + np.arange(3, dtype=np.int64), zero, zero + 1.2)
    ticks, _ = _run({"spread_factor": 2.0}, EURUSD=market)
    assert (ticks.bid.tolist(), ticks.ask.tolist()) == ([0] * 3, [1.2] * 3)


@pytest.mark.parametrize("name", ["ic_markets", "pepperstone"])
def test_the_shipped_profiles_load(name: str) -> None:
    assert load_profile(name, SHARED).lines["A"].latency.median_ms > 0


def test_troubles_last_as_long_as_they_say_and_leave_the_rest_as_it_is() -> None:
    at_s, for_s = 40, 30
    usual, _ = _run({"lines": {"A": {}, "B": {}}})
    span = {"at_s": at_s, "for_s": for_s}
    for trouble, column, moved in (
        ({"clock_ms": 5000}, "event_us", 5_000_000),
        ({"shift_points": 20}, "bid", 2e-4),
        ({"delay_ms": 700, "lines": ["B"]}, "received_us", 700_000),
    ):
        ticks, ledger = _run({"lines": {"A": {}, "B": {}}, "troubles": [span | trouble]})
        assert ledger.total.published == len(usual)
        for line in (0, 1):
            before, now = (each.take(np.flatnonzero(each.line == line)) for each in (usual, ticks))
            before, now = (each.take(np.argsort(each.sequence)) for each in (before, now))
            sent_us = before.event_us - MIDNIGHT_US
            during = (sent_us >= at_s * 1_000_000) & (sent_us < (at_s + for_s) * 1_000_000)
            differs = getattr(now, column) - getattr(before, column)
            expected = moved if "lines" not in trouble or line == 1 else 0
            assert np.allclose(differs[during], expected, rtol=0.2, atol=1e-9)
            # Nothing overtakes: what comes right behind slow ticks waits for them.
            assert not differs[~during & (sent_us < at_s * 1_000_000)].any()
            assert not differs[sent_us > (at_s + for_s + 2) * 1_000_000].any()


def test_a_trouble_loses_sequences_and_an_outage_with_beats_ticks_alone() -> None:
    lost = {"lines": {"A": {}}, "troubles": [{"at_s": 40, "for_s": 10, "skipped": 1}]}
    ticks, ledger = _run(lost)
    assert ledger.total.skipped == 200
    gone = set(range(1, 4001)) - set(ticks.sequence.tolist())
    assert len(gone) == 200 == max(gone) - min(gone) + 1
    outage = {"at_s": 40, "for_s": 10}
    for beats in (False, True):
        profile = Profile.model_validate({"outages": [outage | {"beats": beats}]})
        dark = silences(profile, MIDNIGHT_US)
        assert [(each.end_us - each.start_us, each.beats) for each in dark] == [(10_000_000, beats)]
    assert _run({"outages": [outage]})[1] == _run({"outages": [outage | {"beats": True}]})[1]
