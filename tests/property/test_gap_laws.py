"""Gaps on tier topics are those that the plain twins' windows tell, however the input is cut and a worker killed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import catalogue, topics
from streams.kernels.plain.align import in_order
from streams.kernels.plain.events import Event, SessionEvent, Stream
from streams.kernels.plain.line import Line
from streams.kernels.plain.outputs import QualityRow
from streams.kernels.plain.rules import SECOND_US
from streams.kernels.state import PLANNED, Records
from streams.publishing import GAPS_AGAIN_US, Known, Publisher, Told
from streams.resuming import Published
from streams.takeover import micros
from tests.property.stream_tapes import BROKERS, RULES, TIERS, Step, Tape, steps, tape_of
from tests.property.test_compiled_twin import COMPILED, Compiled, _cut
from tierfeed.domain.words import SessionKind

IDS = {entry.name: entry.id for entry in catalogue.ALL}
KINDS = ("tick", "tick", "late", "heartbeat", "heartbeat", "end", "start")
FIRST = Step(BROKERS[0], 0, "tick", Stream(0, 1), "EURUSD", (1.1, 1.1002), None, 0, 0)
unhurried = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])

Span = tuple[str, str, int, int, str]
"""Broker, symbol (empty: none), from, to, cause."""


def is_planned(event: Event) -> bool:
    """Every other end says a reason."""
    return isinstance(event, SessionEvent) and event.kind is SessionKind.SESSION_END and event.offset % 2 == 0


def spans_of(tape: Tape) -> set[Span]:
    """What the plain twins' windows tell, one broker and one symbol after the other."""
    line, out = Line(BROKERS, TIERS, RULES), []
    ends: defaultdict[str, list[int]] = defaultdict(list)
    for event in in_order(tape):
        out += line.apply(event)
        if is_planned(event) and not line.liveness.live(event.broker):
            ends[event.broker].append(line.now_us or 0)
    rows = [row for row in out + line.finish() if isinstance(row, QualityRow)]
    found: set[Span] = set()
    for broker in BROKERS:
        mine = [row for row in rows if row.broker == broker]
        found.update(_silences(broker, sorted({row.window_start for row in mine}), ends[broker]))
        for symbol in {row.symbol for row in mine}:
            found.update(_missing([row for row in mine if row.symbol == symbol]))
    return found


def _silences(broker: str, starts: list[int], ends: list[int]) -> Iterator[Span]:
    for before, after in pairwise(starts):
        to_us = min([end for end in ends if before <= end <= after], default=after)
        if to_us - before - SECOND_US > RULES.heartbeat_timeout_us:
            yield broker, "", before + SECOND_US, to_us, "session_lost"


def _missing(rows: list[QualityRow]) -> Iterator[Span]:
    for before, row in pairwise([None, *rows]):
        assert row is not None
        if row.missing <= 0:
            continue
        start = row.window_start
        heard = start if before is None else min(before.last_received_time, start)
        from_us = max(heard, start - RULES.quote_lifetime_us)
        yield row.broker, row.symbol, from_us, start + SECOND_US, "missing"


def expected(tape: Tape) -> set[Known]:
    return {
        (t, symbol or None, from_us, to_us, cause)
        for broker, symbol, from_us, to_us, cause in spans_of(tape)
        for t, tier in enumerate(TIERS)
        if broker in tier.brokers and (not symbol or tier.carries(symbol))
    }


@dataclass
class Topics:
    """What a worker has put on each tier's topic, in order."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {topics.tier(t.name): [] for t in TIERS})

    def send_batch(self, topic: str, partition: int, messages: list[dict[str, bytes]]) -> None:
        for message in messages if topic in self.records else ():
            self.records[topic].append(catalogue.decode(message["value"])[1])

    def send(self, topic: str, partition: int, value: bytes, key: Any = None, headers: Any = None) -> None:
        self.records[topic].append(catalogue.decode(value)[1])

    def gaps(self) -> list[Known]:
        return [gap_of(t, r) for t, records in enumerate(self.records.values()) for r in records if is_gap(r)]


def is_gap(record: dict[str, Any]) -> bool:
    return record.get("kind") == "GAP"


def gap_of(t: int, record: dict[str, Any]) -> Known:
    return t, record["symbol"], micros(record["from_time"]), micros(record["to_time"]), record["reason"]


class Worker(Compiled):
    """A shard and its publisher, as the tier agent has them."""

    def __init__(self, told: Told | None = None, published: Sequence[Published] = ()) -> None:
        super().__init__()
        self.said = Topics()
        self.shard.prime(published, {})
        self.publisher = Publisher(self.said, 0, BROKERS, TIERS, self.shard.symbols.names, IDS, COMPILED)  # type: ignore[arg-type]
        self.publisher.resume(told or Told())
        self.shard.on_end = self.publisher.gaps.end

    def feed(self, broker: str, events: Sequence[Event], *, at_end: bool) -> None:
        self.shard._planned_ends += sum(map(is_planned, events))
        super().feed(broker, events, at_end=at_end)
        self.publisher.heartbeat(self.shard.time_us())

    def _event(self, broker: str, event: Event) -> Records:
        row = super()._event(broker, event)
        if is_planned(event):
            row["flags"] = PLANNED
        return row

    def _keep(self, rows: Any) -> None:
        self.publisher.emit(rows)


def steps_of_sessions() -> st.SearchStrategy[list[Step]]:
    """Mostly ticks, beats and silences."""
    kinds, waits = st.sampled_from(KINDS), st.sampled_from([0, 100_000, 999_999, 1_000_000, 1_700_000, 4_000_000])
    lively = st.builds(
        lambda step, kind, wait: Step(**{**vars(step), "kind": kind, "wait_us": wait}), steps, kinds, waits
    )
    return st.lists(lively, max_size=60) | st.lists(steps, max_size=60)


cuts = st.lists(st.tuples(st.sampled_from(BROKERS), st.integers(0, 9)), max_size=12)


@unhurried
@given(steps_of_sessions(), cuts)
def test_gaps_are_those_of_the_plain_windows_and_each_is_told_once(script: list[Step], how: Any) -> None:
    tape, worker = tape_of(script, ended=True), Worker()
    for broker, events, at_end in _cut(tape, how):
        worker.feed(broker, events, at_end=at_end)
    assert sorted(worker.said.gaps(), key=str) == sorted(expected(tape), key=str)


@unhurried
@given(steps_of_sessions(), cuts)
def test_gaps_are_in_order_with_quotes_and_heartbeats(script: list[Step], how: Any) -> None:
    tape, worker = tape_of(script, ended=True), Worker()
    for broker, events, at_end in _cut(tape, how):
        worker.feed(broker, events, at_end=at_end)
    for records in worker.said.records.values():
        reached = 0
        for record in records:
            if is_gap(record):
                assert micros(record["time"]) > reached
                assert record["from_time"] < record["to_time"] <= record["time"]
            elif "as_of_time" in record:
                reached = max(reached, micros(record["as_of_time"]))
            elif record["kind"] == "HEARTBEAT":
                reached = max(reached, micros(record["time"]))


@unhurried
@given(steps_of_sessions(), cuts, st.data())
def test_killed_anywhere_a_gap_is_told_at_least_once_and_again_only_of_the_last_seconds(
    script: list[Step], how: Any, data: st.DataObject
) -> None:
    # A symbol that an earlier worker knew is known from the start: so are the seconds in which nothing has ticked yet.
    tape, first = tape_of([FIRST, *script], ended=True), Worker()
    batches = _cut(tape, how)
    for broker, events, at_end in batches[: data.draw(st.integers(0, len(batches)))]:
        first.feed(broker, events, at_end=at_end)
    told, published = Told(), []
    for t, (topic, records) in enumerate(first.said.records.items()):
        del records[data.draw(st.integers(0, len(records)), label=topic) :]  # what a kill -9 has left of each topic
        quotes = {r["symbol"]: r for r in records if "as_of_time" in r}
        beats = [micros(r["time"]) for r in records if r.get("kind") == "HEARTBEAT"]
        reached = [micros(r["as_of_time"]) for r in quotes.values()] + beats[-1:]
        if reached:
            told.reached_us[t] = max(reached)
        met = data.draw(st.integers(0, len(records)), label="where the tail begins")
        told.gaps.update(gap_of(t, r) for r in records[met:] if is_gap(r))
        published += [_published(t, r) for r in quotes.values()]
    second = Worker(told, published)
    for broker, events, at_end in _cut(tape, []):
        second.feed(broker, events, at_end=at_end)
    before, after = first.said.gaps(), second.said.gaps()
    assert set(before + after) == expected(tape)
    assert len(set(after)) == len(after)
    assert not told.gaps & set(after)
    for gap in set(before) & set(after):
        assert gap[3] + SECOND_US > told.reached_us.get(gap[0], 0) - GAPS_AGAIN_US


def _published(t: int, r: dict[str, Any]) -> Published:
    as_of, due = micros(r["as_of_time"]), micros(r["due_time"])
    sources = {source["broker"]: source["offset"] for source in r["sources"]}
    return Published(t, r["symbol"], r["upto_sequence"], as_of, max(as_of, due), 0, sources)
