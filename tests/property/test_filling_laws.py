"""What is filled in of a gap: all that is missing, nothing twice, under its own sequence where that is certain."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collectors.filling import missing
from collectors.port import Ticks
from collectors.tail import HeldTick
from tierfeed.domain.words import Flag, Line

SYMBOLS = ("EURUSD", "NZDUSD")
FROM_US = 1_000
Content = tuple[str, int | None, float, float, float | None, float | None]

ticks_of = st.lists(
    st.tuples(
        st.sampled_from(SYMBOLS),
        st.none() | st.integers(0, 2),
        st.sampled_from([1.0, 1.1]),
        st.sampled_from([1.2, 1.3]),
        st.none() | st.just(5.0),
        st.none(),
    ),
    max_size=30,
)


def history_of(contents: list[Content]) -> Ticks:
    n = len(contents)
    columns = list(zip(*contents, strict=True)) or [()] * 6
    sizes = [np.array([np.nan if size is None else size for size in columns[at]], np.float64) for at in (4, 5)]
    zeros = np.zeros(n, np.int64)
    return Ticks(
        symbols=SYMBOLS,
        symbol=np.array([SYMBOLS.index(symbol) for symbol in columns[0]], np.int64),
        received_us=np.arange(n, dtype=np.int64) + FROM_US,
        event_us=np.array([event or 0 for event in columns[1]], np.int64),
        timed=np.array([event is not None for event in columns[1]], np.bool_),
        bid=np.array(columns[2], np.float64),
        ask=np.array(columns[3], np.float64),
        bid_size=sizes[0],
        ask_size=sizes[1],
        line=zeros,
        session=zeros,
        sequence=zeros,
        flags=zeros,
    )


def held_of(content: Content, session: int, sequence: int, *, backfilled: bool = False) -> HeldTick:
    symbol, event, *prices = content
    return HeldTick(symbol, session, sequence, event, *prices, backfilled)


def came(contents: list[Content], is_there: list[bool], *, counted: bool) -> list[HeldTick]:
    """What of a broker's ticks the topic holds. `counted`: those that did not come have taken a sequence, too."""
    sequence: Counter[str] = Counter()
    held = []
    for content, there in zip(contents, is_there, strict=True):
        sequence[content[0]] += there or counted
        if there:
            held.append(held_of(content, 7, sequence[content[0]]))
    return held


def as_held(ticks: Ticks) -> list[HeldTick]:
    rows = zip(
        ticks.symbol.tolist(), ticks.session.tolist(), ticks.sequence.tolist(), ticks.timed.tolist(),
        ticks.event_us.tolist(), ticks.bid.tolist(), ticks.ask.tolist(), ticks.bid_size.tolist(),
        strict=True,
    )  # fmt: skip
    return [
        held_of(
            (SYMBOLS[s], event if timed else None, bid, ask, None if np.isnan(size) else size, None),
            session, number, backfilled=True,
        )
        for s, session, number, timed, event, bid, ask, size in rows
    ]  # fmt: skip


def contents_of(held: list[HeldTick]) -> Counter[Content]:
    return Counter((tick.symbol, tick.event_us, tick.bid, tick.ask, tick.bid_size, tick.ask_size) for tick in held)


@given(ticks_of, st.data(), st.booleans())
def test_what_is_missing_is_filled_in_once_however_often_it_is_killed(
    contents: list[Content], data: st.DataObject, counted: bool
) -> None:
    is_there = data.draw(st.lists(st.booleans(), min_size=len(contents), max_size=len(contents)))
    history, held = history_of(contents), came(contents, is_there, counted=counted)
    filled = 0
    for _ in range(3):
        fill = missing(history, held, Line.B, FROM_US, 2**62)
        assert fill.before == filled
        kept = data.draw(st.integers(0, len(fill.ticks)))  # killed in between, this much is on the topic
        held += as_held(fill.ticks.take(slice(kept)))
        filled += kept
    last = missing(history, held, Line.B, FROM_US, 2**62)
    held += as_held(last.ticks)
    assert contents_of(held) == Counter(contents)
    assert not len(missing(history, held, Line.B, FROM_US, 2**62).ticks)
    assert all(flags & Flag.BACKFILLED for flags in last.ticks.flags.tolist())
    assert set(last.ticks.line.tolist()) <= {int(Line.B)}
    places = [(tick.symbol, tick.session, tick.sequence) for tick in held]
    assert len(places) == len(set(places))


@given(st.integers(2, 30), st.data())
def test_a_sequence_that_was_skipped_is_given_back_to_its_tick(n: int, data: st.DataObject) -> None:
    """No two ticks say the same: then all sequences between two that came are certain."""
    contents: list[Content] = [("EURUSD", at, 1.0, 1.2, None, None) for at in range(n)]
    is_there = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    is_there[0] = is_there[-1] = True
    fill = missing(history_of(contents), came(contents, is_there, counted=True), Line.A, FROM_US, 2**62)
    assert list(zip(fill.ticks.session.tolist(), fill.ticks.sequence.tolist(), strict=True)) == [
        (7, at + 1) for at in range(n) if not is_there[at]
    ]


@given(ticks_of, st.data())
def test_what_a_longer_span_is_filled_with_is_what_its_parts_are(contents: list[Content], data: st.DataObject) -> None:
    is_there = data.draw(st.lists(st.booleans(), min_size=len(contents), max_size=len(contents)))
    middle = FROM_US + data.draw(st.integers(0, len(contents)))
    history, held = history_of(contents), came(contents, is_there, counted=True)
    whole = missing(history, held, Line.A, FROM_US, 2**62).ticks
    parts = [missing(history, held, Line.A, *span).ticks for span in ((FROM_US, middle - 1), (middle, 2**62))]
    assert [at for part in parts for at in part.received_us.tolist()] == whole.received_us.tolist()
    certain = whole.session > 0
    sequences = np.concatenate([part.sequence for part in parts])
    assert sequences[certain].tolist() == whole.sequence[certain].tolist()


def test_what_never_had_a_sequence_is_counted_in_a_session_below_zero() -> None:
    contents: list[Content] = [("EURUSD", at, 1.0, 1.2, None, None) for at in range(5)]
    held = came(contents, [True, False, False, True, False], counted=False)
    fill = missing(history_of(contents), held, Line.A, FROM_US, 2**62)
    assert fill.ticks.session.tolist() == [-FROM_US] * 3
    assert fill.ticks.sequence.tolist() == [1, 2, 3]
