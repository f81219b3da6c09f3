"""Laws of collectors: parsing is the same fast and slow, and every partition gets the same records whatever happens."""

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from collectors.lanes import Lane, Lanes
from collectors.replay.formats.rows import Rows, rows_of
from collectors.replay.formats.text import DECIMAL, WHOLE, _slow, parse_text
from collectors.replay.formats.times import text_times_us
from collectors.replay.scripts import Recording, scripts_of
from collectors.resume import resume
from collectors.script import SECOND_US, Cursor, Script
from collectors.simulator.profile import Profile
from collectors.tail import tail_of
from schemas.catalogue import decode
from tests.unit.collectors.expected import BY_ID, published, whole
from tests.unit.collectors.tapes import MIDNIGHT_US, entry
from tierfeed.domain.words import Line, SessionKind

PARTITIONS = 3
SYMBOLS = ("EURUSD", "NZDUSD", "USDJPY")
PROFILE = Profile.model_validate(
    {
        "thinning": 0.1,
        "lines": {"A": {"redelivered": 0.3, "skipped": 0.1}, "B": {"thinning": 0.2}},
        "outages": [{"at_s": 2, "for_s": 3}],
    }
)

fields = st.one_of(
    st.integers(-5, 10**9).map(str),
    st.decimals(0, 2, places=5).map(str),
    st.sampled_from(["", "x", "nan", "inf", " 1.1", "1e-3", "-0", "1_0", "0x10", "1.", ".5", "+1", "\xe4"]),
)
lines = st.lists(fields, min_size=1, max_size=4).map(",".join)


@settings(deadline=None)
@given(rows=st.lists(lines, max_size=8), end=st.sampled_from(["\n", "\r\n"]))
@example(rows=["0x10,0,0"], end="\n")
def test_the_fast_way_to_read_text_gives_what_the_slow_one_gives(rows: list[str], end: str) -> None:
    data = "".join(row + end for row in rows).encode()
    types = {0: WHOLE, 1: DECIMAL, 2: DECIMAL}
    read = parse_text("f", data, ",", types, 0)
    body = data.rstrip(b"\r\n")
    if not body:
        return
    slow = _slow(body, ",", types, 0, None)
    assert read.line.tolist() == slow.line.tolist()
    assert read.bad == slow.bad
    for at in types:
        assert np.array_equal(read.columns[at], slow.columns[at], equal_nan=True)


@settings(deadline=None)
@given(st.lists(st.datetimes(), min_size=1, max_size=5), st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d/%m/%Y %H%M%S%f"]))
def test_times_of_fixed_places_are_what_strptime_says(times: list[object], how: str) -> None:
    texts = [f"{at:{how}}".encode().rjust(26 if "-" in how else 23, b"0") for at in times]
    together = text_times_us(texts, how)
    # One text of another width sends each to strptime by itself.
    alone = text_times_us([*texts, b"?"], how)
    assert together.tolist() == alone.tolist()[:-1]


def _rows(ms: list[int]) -> Rows:
    n = len(ms)
    line = np.arange(1, n + 1, dtype=np.int64)
    bid = 1.1 + np.arange(n) % 7 * 1e-5
    return rows_of(line, MIDNIGHT_US + np.array(ms, np.int64) * 1000, bid, bid + 1e-4)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """One broker of a tape of two: real in one session or one per file, or simulated on two lines."""
    times = st.lists(st.integers(0, 8_000), max_size=25)
    kind = draw(st.sampled_from(["one", "per_file", "simulated"]))
    session = "per_file" if kind == "per_file" else "one"
    mine = [
        Recording(entry(broker="b", symbol=symbol, session=session), f"{symbol}{number}", _rows(draw(times)))
        for symbol in draw(st.sets(st.sampled_from(SYMBOLS), min_size=1).map(sorted))
        for number in range(draw(st.integers(1, 2)))
    ]
    other = Recording(entry(broker="other"), "o", _rows([*draw(times), 0]))
    profiles = {"b": (PROFILE, draw(st.integers(0, 99)))} if kind == "simulated" else {}
    return scripts_of([*mine, other], profiles)["b"]


def _whole(script: Script, records: int = 10_000) -> dict[int, list[bytes]]:
    return whole(script, PARTITIONS, records)


def _us(record: dict[str, object], name: str) -> int:
    at = np.datetime64(record[name].replace(tzinfo=None), "us")  # type: ignore[attr-defined]
    return int(at.astype(np.int64))


law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@law
@given(scripts())
def test_on_every_partition_time_never_goes_back_and_each_second_is_told_with_its_count(script: Script) -> None:
    for payloads in _whole(script).values():
        latest, counts = 0, dict.fromkeys([(at.line, at.session) for at in script.sessions], 0)
        told: dict[tuple[int, int], list[tuple[int, str]]] = {stream: [] for stream in counts}
        for name, record in map(decode, payloads):
            stream = (int(Line[str(record["line"])]), int(record["session"]))
            time_us = _us(record, "received_time" if name == "Tick" else "time")
            assert time_us >= latest
            latest = time_us
            if name == "Tick":
                assert told[stream][-1][1] != "SESSION_END"
                counts[stream] += 1
            else:
                assert record["ticks"] == counts[stream]
                told[stream].append((time_us, str(record["kind"])))
        for session in script.sessions:
            assert told[session.line, session.session] == [(time, kind.name) for time, kind in session.events()]


@law
@given(scripts())
def test_an_open_session_beats_every_whole_second_unless_it_is_dark(script: Script) -> None:
    for session in script.sessions:
        beats = {time for time, kind in session.events() if kind is SessionKind.HEARTBEAT}
        expected = {
            second
            for start, end in session.spans
            for second in range(start + SECOND_US, end, SECOND_US)
            if not any(dark <= second < light for dark, light in session.silences)
        }
        assert beats == expected


@law
@given(scripts())
def test_sequences_have_no_holes_but_those_the_ledger_tells(script: Script) -> None:
    ticks = script.ticks
    missing = 0
    for stream in set(zip(ticks.line.tolist(), ticks.session.tolist(), ticks.symbol.tolist(), strict=True)):
        line, session, symbol = stream
        mine = ticks.sequence[(ticks.line == line) & (ticks.session == session) & (ticks.symbol == symbol)]
        distinct = np.unique(mine)
        assert distinct[0] == 1
        missing += int(distinct[-1]) - len(distinct)
    assert missing == script.ledger.total.skipped
    assert len(ticks) == script.ledger.total.published


@law
@given(scripts(), st.integers(1, 40))
def test_how_a_script_is_cut_changes_no_byte(script: Script, records: int) -> None:
    assert _whole(script, records) == _whole(script)


@law
@given(scripts(), st.data())
def test_a_replay_killed_anywhere_goes_on_to_the_same_bytes(script: Script, data: st.DataObject) -> None:
    """Every partition holds some beginning of its own; twice in a row."""
    all_of_it = _whole(script)
    held: dict[int, list[bytes]] = {at: [] for at in all_of_it}
    for _ in range(2):
        for at, payloads in all_of_it.items():
            held[at] = payloads[: data.draw(st.integers(len(held[at]), len(payloads)), label=f"partition {at}")]
        tails = {at: tail_of(payloads, BY_ID) if payloads else None for at, payloads in held.items()}
        place = resume(script, "t", tails)
        lanes = Lanes({at: Lane(cursor, dict(place.counts[at])) for at, cursor in place.done.items()})
        rest = published(script, script.batches(records=data.draw(st.integers(1, 40), label="cut")), lanes)
        assert {at: held[at] + rest[at] for at in all_of_it} == all_of_it
        assert place.ticks + sum(_ticks(payloads) for payloads in rest.values()) == len(script.ticks)


def _ticks(payloads: list[bytes]) -> int:
    return sum(decode(payload)[0] == "Tick" for payload in payloads)


@law
@given(scripts(), st.integers(-(10**9), 10**9), st.integers(0, 9))
def test_moving_and_joining_a_script_keeps_its_records(script: Script, seconds: int, after: int) -> None:
    moved = script.shifted(seconds * SECOND_US)
    joined = moved.joined(moved.start_us + after * SECOND_US)
    assert (moved.ticks.received_us - script.ticks.received_us == seconds * SECOND_US).all()
    assert len(joined.ticks) == len(script.ticks) - script.until(script.start_us + after * SECOND_US).ticks
    assert {event.session for event in _events(joined)} >= set(joined.ticks.session.tolist())
    assert all(event.time_us >= joined.start_us for event in _events(joined))


def _events(script: Script) -> list[object]:
    return [*script.between(Cursor(), Cursor(len(script.ticks), len(script.events[0]))).events]
