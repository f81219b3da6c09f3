"""From files to what each broker publishes, when, and in which sessions."""

import json
from itertools import chain, pairwise
from pathlib import Path

from collectors.port import Batch
from collectors.replay.tape import Tape, read_tape
from collectors.script import Script
from tests.unit.collectors.tapes import MIDNIGHT_US, lean_rows, lean_zip, mt5, write_tape
from tierfeed.domain.words import Feed, Flag, SessionKind

LEAN: dict[str, object] = {"broker": "one", "symbol": "EURUSD", "format": "lean"}
START, BEAT, END = SessionKind


def _tape(folder: Path, **rows: list[tuple[int, float, float]]) -> Tape:
    """One broker per name; the rows of all lie on 2014-05-08."""
    entries, files = [], {}
    for broker, ticks in rows.items():
        entries.append(LEAN | {"broker": broker, "paths": [f"20140508_{broker}.zip"]})
        files[f"20140508_{broker}__zip"] = lean_zip(lean_rows(ticks))
    return read_tape(write_tape(folder, entries, **files))


def _events(script: Script) -> list[tuple[float, SessionKind]]:
    return [((event.time_us - MIDNIGHT_US) / 1e6, event.kind) for batch in script.batches() for event in batch.events]


def test_all_brokers_begin_at_the_second_of_the_first_tick_and_end_behind_the_last(tmp_path: Path) -> None:
    tape = _tape(tmp_path, early=[(2_700, 1.1, 1.2)], late=[(4_000, 1.1, 1.2), (5_000, 1.1, 1.3)])
    for script in tape.scripts.values():
        assert _events(script) == [(2, START), (3, BEAT), (4, BEAT), (5, BEAT), (6, END)]
        assert {session.session for session in script.sessions} == {tape.start_us}
        assert (script.start_us, script.end_us) == (MIDNIGHT_US + 2_000_000, MIDNIGHT_US + 6_000_000)


def test_the_files_clock_is_put_right_before_brokers_are_compared(tmp_path: Path) -> None:
    files = {
        "20140508_a__zip": lean_zip(lean_rows([(0, 1.1, 1.2)])),
        "20140508_b__zip": lean_zip(lean_rows([(18_000_000, 1.1, 1.2)])),
    }
    entries = [
        LEAN | {"broker": "a", "paths": ["*_a.zip"], "utc_offset": "-05:00"},
        LEAN | {"broker": "b", "paths": ["*_b.zip"]},
    ]
    tape = read_tape(write_tape(tmp_path, entries, **files))
    assert tape.script("a").ticks.event_us.tolist() == tape.script("b").ticks.event_us.tolist()


def test_a_time_that_goes_back_is_kept_but_received_when_it_came(tmp_path: Path) -> None:
    script = _tape(tmp_path, one=[(3_000, 1.1, 1.2), (2_000, 1.2, 1.3), (4_000, 1.1, 1.2)]).script("one")
    assert (script.ticks.event_us - MIDNIGHT_US).tolist() == [3_000_000, 2_000_000, 4_000_000]
    assert (script.ticks.received_us - MIDNIGHT_US).tolist() == [3_000_000, 3_000_000, 4_000_000]
    assert script.ticks.sequence.tolist() == [1, 2, 3]
    assert script.start_us == MIDNIGHT_US + 2_000_000


def test_files_of_one_session_count_on_in_the_order_of_their_times(tmp_path: Path) -> None:
    files = {
        "20140509__zip": lean_zip(lean_rows([(1000, 1.3, 1.4)])),
        "140508_z__zip": lean_zip(lean_rows([(1000, 1.1, 1.2), (2000, 1.2, 1.3)])),
    }
    script = read_tape(write_tape(tmp_path, [LEAN | {"paths": ["*.zip"]}], **files)).script("one")
    assert (script.ticks.sequence.tolist(), script.ticks.bid.tolist()) == ([1, 2, 3], [1.1, 1.2, 1.3])
    assert len(script.sessions) == 1


def test_a_file_per_session_counts_each_from_one_and_lets_them_overlap(tmp_path: Path) -> None:
    def ticks(*seconds: float) -> bytes:
        return mt5([{"time_msc": round(MIDNIGHT_US / 1000 + at * 1000), "bid": 1.1, "ask": 1.2} for at in seconds])

    entries = [LEAN | {"format": "mt5", "session": "per_file", "paths": ["*.json"]}]
    files = {"a__json": ticks(1.5, 3.5, 4.5), "b__json": ticks(3.5, 4.5, 5.5)}
    script = read_tape(write_tape(tmp_path, entries, **files)).script("one")
    first, second = MIDNIGHT_US + 1_000_000, MIDNIGHT_US + 3_000_000
    assert [(at.session, at.spans) for at in script.sessions] == [
        (first, ((first, MIDNIGHT_US + 5_000_000),)),
        (second, ((second, MIDNIGHT_US + 6_000_000),)),
    ]
    stamps = zip(script.ticks.session.tolist(), script.ticks.sequence.tolist(), strict=True)
    assert list(stamps) == [(first, 1), (first, 2), (second, 1), (first, 3), (second, 2), (second, 3)]


def test_a_market_that_is_closed_for_hours_closes_all_sessions(tmp_path: Path) -> None:
    tape = _tape(tmp_path, one=[(1_500, 1.1, 1.2), (7_300_500, 1.1, 1.2)], two=[(2_500, 1.1, 1.2)])
    assert _events(tape.script("one")) == [(1, START), (2, BEAT), (3, END), (7300, START), (7301, END)]
    assert _events(tape.script("two")) == _events(tape.script("one"))


def test_a_row_that_is_no_tick_becomes_a_dead_letter_with_file_and_line(tmp_path: Path) -> None:
    path = write_tape(
        tmp_path, [LEAN | {"paths": ["*.zip"]}], **{"140508__zip": lean_zip(b"1,1.1,1.2\nx\n2,1.1,1.2\n")}
    )
    script = read_tape(path).script("one")
    (letter,) = script.dead
    assert (letter.symbol, letter.file, letter.line, letter.value) == ("EURUSD", "140508.zip", 2, b"x")
    assert script.ticks.sequence.tolist() == [1, 2]
    assert script.ledger.dead == 1


def test_a_brokers_own_crossed_tick_is_flagged_and_kept(tmp_path: Path) -> None:
    script = _tape(tmp_path, one=[(1, 1.2, 1.1), (2, 1.1, 1.1), (3, 1.1, 1.2)]).script("one")
    assert script.ticks.flags.tolist() == [Flag.CROSSED, 0, 0]


def test_a_tick_without_a_time_of_the_broker_is_flagged_and_never_given_one(tmp_path: Path) -> None:
    entries = [
        LEAN | {"format": "csv", "paths": ["f.csv"], "columns": {"time": 0, "received": 1, "bid": 2, "ask": 3}},
    ]
    script = read_tape(write_tape(tmp_path, entries, f__csv=b",1000,1.1,1.2\n900,2000,1.1,1.3\n")).script("one")
    assert script.ticks.timed.tolist() == [False, True]
    assert script.ticks.flags.tolist() == [Flag.BAD_CLOCK, 0]
    assert script.ticks.received_us.tolist() == [1_000_000, 2_000_000]


def test_a_real_brokers_ledger_says_that_nothing_was_made_up(tmp_path: Path) -> None:
    ledger = _tape(tmp_path, one=[(1, 1.1, 1.2), (2, 1.1, 1.2)]).script("one").ledger
    assert (ledger.feed, ledger.total.reference, ledger.total.published) == (Feed.REPLAY, 2, 2)
    assert ledger.total.redelivered == ledger.total.lost == 0


def test_a_broker_without_ticks_still_beats(tmp_path: Path) -> None:
    tape = _tape(tmp_path, one=[(1_500, 1.1, 1.2)], quiet=[])
    assert _events(tape.script("quiet")) == [(1, START), (2, END)]


def test_cuts_leave_nothing_out_and_never_part_records_of_one_time(tmp_path: Path) -> None:
    rows = [(at // 7 * 300, 1.1 + at * 1e-5, 1.2) for at in range(100)]
    script = _tape(tmp_path, one=rows).script("one")
    for size in (1, 3, 10, 1000):
        batches = [*script.batches(records=size)]
        assert [
            *chain.from_iterable(batch.ticks.sequence.tolist() for batch in batches)
        ] == script.ticks.sequence.tolist()
        assert [event for batch in batches for event in batch.events] == [
            event for batch in script.batches(records=10_000) for event in batch.events
        ]
        assert all(_end(before) < _begin(after) for before, after in pairwise(batches))


def _begin(batch: Batch) -> int:
    return min([*batch.ticks.received_us.tolist(), *(event.time_us for event in batch.events)])


def _end(batch: Batch) -> int:
    return max([*batch.ticks.received_us.tolist(), *(event.time_us for event in batch.events)])


def test_one_who_joins_in_the_middle_sees_new_sessions_that_count_from_one(tmp_path: Path) -> None:
    script = _tape(tmp_path, one=[(1_500, 1.1, 1.2), (2_500, 1.2, 1.3), (3_500, 1.3, 1.4)]).script("one")
    joined = script.joined(MIDNIGHT_US + 2_000_000)
    assert _events(joined) == [(2, START), (3, BEAT), (4, END)]
    assert joined.ticks.sequence.tolist() == [1, 2]
    assert {*joined.ticks.session.tolist()} == {joined.sessions[0].session}
    assert joined.sessions[0].session > script.sessions[0].session


def test_the_same_tape_is_read_the_same_twice(tmp_path: Path) -> None:
    rows = [(at * 10, 1.1 + at * 1e-5, 1.2) for at in range(500)]
    entry = LEAN | {"paths": ["*.zip"], "simulate": {"profile": "ic_markets", "seed": 3}}
    path = write_tape(tmp_path, [entry], **{"140508__zip": lean_zip(lean_rows(rows))})
    first, second = (read_tape(path).script("one") for _ in range(2))
    assert json.dumps(_listed(first)) == json.dumps(_listed(second))


def _listed(script: Script) -> list[list[float]]:
    return [getattr(script.ticks, name).tolist() for name in ("received_us", "bid", "ask", "line", "sequence")]
