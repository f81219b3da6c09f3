"""The laws of the stream, over random tapes, told by the plain twins."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.kernels.plain.align import Align, in_order
from streams.kernels.plain.conflate import Released, Resume
from streams.kernels.plain.events import Event, TickEvent, UndecodableEvent
from streams.kernels.plain.line import Line, reference
from streams.kernels.plain.outputs import DeadLetter, Output, QualityRow, TierControlOut, TierQuote
from streams.kernels.plain.rules import SECOND_US, Rules
from tests.property.stream_tapes import (
    BROKERS,
    FEARLESS,
    RULES,
    START_US,
    TIERS,
    UNLED,
    WHOLE_TIERS,
    Step,
    Tape,
    plain_steps,
    steps,
    tape_of,
    time_of,
)
from tierfeed.domain.symbols import CANONICAL
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import QuoteState

Series = tuple[str, str]

tapes = st.lists(steps, max_size=12) | st.lists(steps, min_size=20, max_size=60)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A law holds on a busy machine too."""


def quotes(out: Sequence[Output]) -> list[TierQuote]:
    return [output for output in out if isinstance(output, TierQuote)]


def by_series(out: Sequence[Output]) -> dict[Series, list[TierQuote]]:
    found = defaultdict(list)
    for quote in quotes(out):
        found[quote.tier, quote.symbol].append(quote)
    return dict(found)


def run(line: Line, events: Sequence[Event]) -> list[Output]:
    return [output for event in events for output in line.apply(event)] + line.finish()


@unhurried
@given(tapes, st.booleans())
def test_numbers_rise_time_never_goes_back_and_releases_are_an_interval_apart(script: list[Step], ended: bool) -> None:
    intervals_us = {tier.name: tier.interval_us for tier in TIERS}
    for (tier, _), records in by_series(reference(tape_of(script, ended=ended), TIERS, RULES)).items():
        for record in records:
            assert record.published_time == max(record.as_of_time, record.due_time)
        for before, after in pairwise(records):
            assert after.upto_sequence > before.upto_sequence
            assert after.as_of_time >= before.as_of_time
            assert after.due_time == before.published_time + intervals_us[tier]
            assert after.published_time >= after.due_time


@unhurried
@given(tapes, st.booleans())
def test_records_come_in_the_order_of_their_release(script: list[Step], ended: bool) -> None:
    released = [quote.published_time for quote in quotes(reference(tape_of(script, ended=ended), TIERS, RULES))]
    assert released == sorted(released)


@unhurried
@given(tapes)
def test_the_last_update_of_every_burst_is_released_and_every_update_is_in_some_record(script: list[Step]) -> None:
    line = Line(BROKERS, TIERS, RULES)
    out = run(line, in_order(tape_of(script, ended=True)))
    for (tier, symbol), records in by_series(out).items():
        updates = line.conflate.updates(tier, symbol)
        assert records[-1].upto_sequence == updates
        assert sum(record.conflated_count for record in records) + len(records) == updates
        interval_us = next(t.interval_us for t in TIERS if t.name == tier)
        for record in records:
            assert 0 <= record.published_time - record.as_of_time <= interval_us


@unhurried
@given(tapes)
def test_every_tick_is_applied_or_dropped_for_one_reason_or_dead_lettered(script: list[Step]) -> None:
    tape = tape_of(script, ended=True)
    out = reference(tape, TIERS, RULES)
    rows = [output for output in out if isinstance(output, QualityRow)]
    sent = [event for events in tape.values() for event in events if isinstance(event, TickEvent)]
    lost = [event for events in tape.values() for event in events if isinstance(event, UndecodableEvent)]
    good = Counter((tick.broker, tick.symbol) for tick in sent if CANONICAL.fullmatch(tick.symbol))
    told: Counter[Series] = Counter()
    for row in rows:
        told[row.broker, row.symbol] += row.ticks
        dropped = row.duplicates + row.line_duplicates + row.unchanged + row.late + row.backfilled + row.invalid
        assert row.ticks == row.applied + dropped
    assert told == good
    letters = [output for output in out if isinstance(output, DeadLetter)]
    malformed = len(sent) - good.total()
    assert len(letters) == sum(row.invalid for row in rows) + malformed + len(lost)
    assert len({(letter.broker, letter.offset) for letter in letters}) == len(letters)


@unhurried
@given(tapes)
def test_a_series_has_one_row_a_second(script: list[Step]) -> None:
    rows = [row for row in reference(tape_of(script, ended=True), TIERS, RULES) if isinstance(row, QualityRow)]
    keys = [(row.broker, row.symbol, row.window_start) for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        assert row.window_start % SECOND_US == 0
        assert row.last_received_time < row.window_start + SECOND_US


@unhurried
@given(tapes)
def test_a_tier_has_nothing_of_symbols_or_brokers_it_does_not_have(script: list[Step]) -> None:
    tiers = {tier.name: tier for tier in TIERS}
    for quote in quotes(reference(tape_of(script, ended=True), TIERS, RULES)):
        tier = tiers[quote.tier]
        shown = [broker.broker for broker in quote.brokers]
        assert tier.carries(quote.symbol)
        assert CANONICAL.fullmatch(quote.symbol)
        assert shown == [broker for broker in tier.brokers if broker in BROKERS]
        assert {source.broker for source in quote.sources} <= set(shown)
        assert {quote.bid_broker, quote.ask_broker} <= {*shown, None}


@unhurried
@given(tapes)
def test_a_tier_is_what_it_would_be_without_the_brokers_it_does_not_have(script: list[Step]) -> None:
    tape = tape_of(script, ended=True)
    (free, *_) = TIERS
    alone = {broker: events if broker in free.brokers else [] for broker, events in tape.items()}
    assert quotes(reference(tape, [free], FEARLESS)) == quotes(reference(alone, [free], FEARLESS))


@unhurried
@given(tapes)
def test_a_composite_says_what_its_brokers_say(script: list[Step]) -> None:
    for quote in quotes(reference(tape_of(script, ended=True), TIERS, RULES)):
        counted = [broker for broker in quote.brokers if broker.status.name in ("ELIGIBLE", "ONE_SIDED")]
        assert quote.bid == max((b.bid for b in counted if b.bid is not None), default=None)
        assert quote.ask == min((b.ask for b in counted if b.ask is not None), default=None)
        assert (quote.state is QuoteState.STALE) == (not counted)
        assert quote.received_time == max((b.received_time for b in counted), default=None)
        assert all(age is None or age >= 0 for age in (quote.bid_age_us, quote.ask_age_us))
        if quote.mid is not None and quote.mid_low is not None and quote.mid_high is not None:
            assert quote.mid_low <= quote.mid <= quote.mid_high


@unhurried
@given(tapes)
def test_controls_tell_exactly_when_records_become_and_cease_to_be_stale(script: list[Step]) -> None:
    out = reference(tape_of(script, ended=True), TIERS, RULES)
    stale: dict[Series, bool] = {}
    for before, output, after in zip([None, *out], out, [*out[1:], None], strict=False):
        if isinstance(output, TierQuote):
            key, is_stale = (output.tier, output.symbol), output.state is QuoteState.STALE
            if is_stale and not stale.get(key, False):
                assert isinstance(after, TierControlOut)
                assert (after.kind.name, after.tier, after.symbol) == ("STALE", *key)
            if stale.get(key, False) and not is_stale:
                assert isinstance(before, TierControlOut)
                assert (before.kind.name, before.tier, before.symbol) == ("FRESH", *key)
            stale[key] = is_stale
    told = sum(isinstance(output, TierControlOut) for output in out)
    changes = [pair for records in by_series(out).values() for pair in pairwise(record.state for record in records)]
    assert told == sum((a is QuoteState.STALE) != (b is QuoteState.STALE) for a, b in changes)


def without_sources(out: Sequence[Output]) -> list[Output]:
    kept = [output for output in out if isinstance(output, TierQuote | TierControlOut)]
    return [replace(output, sources=()) if isinstance(output, TierQuote) else output for output in kept]


@unhurried
@given(tapes, st.data())
def test_a_tick_delivered_again_right_after_itself_changes_no_quote(script: list[Step], data: st.DataObject) -> None:
    tape = tape_of(script, ended=True)
    doubled: Tape = {}
    for broker, events in tape.items():
        copies = [
            1 + (isinstance(event, TickEvent) and data.draw(st.booleans(), label=f"{broker} {event.offset} again"))
            for event in events
        ]
        redelivered = [event for event, times in zip(events, copies, strict=True) for _ in range(times)]
        doubled[broker] = [replace(event, offset=offset) for offset, event in enumerate(redelivered)]
    # Who leads is judged by how good what came was, and a redelivered tick came twice.
    assert without_sources(reference(doubled, UNLED, RULES)) == without_sources(reference(tape, UNLED, RULES))


@unhurried
@given(tapes, st.booleans(), st.lists(st.tuples(st.sampled_from(BROKERS), st.integers(0, 9)), max_size=15))
def test_how_the_partitions_are_cut_into_batches_changes_nothing(
    script: list[Step], ended: bool, batches: list[tuple[str, int]]
) -> None:
    tape = tape_of(script, ended=ended)
    align, line = Align(BROKERS), Line(BROKERS, TIERS, RULES)
    unread = {broker: list(events) for broker, events in tape.items()}
    out: list[Output] = []
    for broker, size in [*batches, *((broker, len(script) + 9) for broker in BROKERS)]:
        batch, unread[broker] = unread[broker][:size], unread[broker][size:]
        align.push(broker, batch, at_end=not unread[broker])
        for event in align.release():
            out += line.apply(event)
        if math.isfinite(align.safe_us()):
            out += line.advance(int(align.safe_us()))
    whole = reference(tape, TIERS, RULES)
    if ended:
        assert out + line.finish() == whole
    else:
        assert out == whole[: len(out)]


@unhurried
@given(tapes)
def test_the_reference_order_is_by_time_then_broker_then_line_then_sequence(script: list[Step]) -> None:
    steady = [step for step in script if step.kind == "tick"]
    merged = [event for event in in_order(tape_of(steady, ended=False)) if isinstance(event, TickEvent)]
    assert merged == sorted(merged, key=lambda tick: (tick.received_time, tick.broker, tick.offset))


def stopped_at(kept: Sequence[TierQuote], settled_us: Mapping[str, int] | None = None) -> Resume:
    newest = {key: records[-1] for key, records in by_series(kept).items()}
    return Resume(released={key: Released.of(record) for key, record in newest.items()}, settled_us=settled_us or {})


@unhurried
@given(tapes, st.booleans(), st.sampled_from([(TIERS, FEARLESS), (WHOLE_TIERS, RULES)]), st.data())
def test_a_worker_that_takes_over_goes_on_exactly_where_the_other_stopped(
    script: list[Step], ended: bool, deployment: tuple[Sequence[Tier], Rules], data: st.DataObject
) -> None:
    tape = tape_of(script, ended=ended)
    whole = by_series(reference(tape, *deployment))
    kept: list[TierQuote] = []
    for key, records in sorted(whole.items()):  # order holds within a topic's partition only: each has its own end
        kept += records[: data.draw(st.integers(0, len(records)), label=f"published of {key}")]
    resumed = by_series(reference(tape, *deployment, resume=stopped_at(kept)))
    before = by_series(kept)
    assert {key: before.get(key, []) + resumed.get(key, []) for key in whole.keys() | resumed.keys()} == whole


@unhurried
@given(st.lists(plain_steps, min_size=10, max_size=60), st.data())
def test_a_rewind_of_two_quote_lifetimes_is_enough(script: list[Step], data: st.DataObject) -> None:
    rules = replace(RULES, jump_spreads=1e12, heartbeat_timeout_us=SECOND_US, quote_lifetime_us=3 * SECOND_US)
    rewind_us = 2 * rules.quote_lifetime_us + 2 * max(tier.interval_us for tier in TIERS) + 2 * SECOND_US
    merged = in_order(tape_of(script, ended=True))
    whole = by_series(run(Line(BROKERS, UNLED, rules), merged))
    stop = data.draw(st.integers(0, len(merged)), label="records applied")
    first = Line(BROKERS, UNLED, rules)
    kept = quotes([output for event in merged[:stop] for output in first.apply(event)])
    settled_us = first.now_us or START_US
    settled = {tier.name: settled_us for tier in TIERS}
    again = [event for event in merged if time_of(event) >= settled_us - rewind_us]
    resumed = by_series(run(Line(BROKERS, UNLED, rules, resume=stopped_at(kept, settled)), again))
    before = by_series(kept)
    assert {key: before.get(key, []) + resumed.get(key, []) for key in whole.keys() | resumed.keys()} == whole
