"""The shard's own decisions: names, room, and whose time it is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from infra.batches import FetchedBatch
from schemas import catalogue
from streams.kernels.state import END, EVENT, NEVER, SECOND_US, Rules
from streams.resuming import Published
from streams.shard import Shard
from tests.builders import Message
from tests.unit.streams.plain_builders import START_US, tier

RULES = Rules(10 * SECOND_US, 600 * SECOND_US, 60 * SECOND_US, 20.0, 0.005, 30, 1200 * SECOND_US)


def a_shard() -> Shard:
    return Shard(("alpha", "beta"), (tier(brokers=("alpha", "beta")),), RULES, {"Tick": 1, "SessionRecord": 2})


def enter(shard: Shard, session: int) -> int:
    shard._forget_streams()
    return int(shard._stream_ids(0, np.array([0]), np.array([session]))[0])


def test_a_feed_that_starts_again_for_years_needs_no_more_room() -> None:
    shard = a_shard()
    for session in range(1, 200):
        x = enter(shard, session)
        shard.state.streams[x]["last"] = START_US + session * 1000 * SECOND_US
        shard.state.engine["now"] = shard.state.streams[x]["last"]
    assert len(shard.state.streams) <= 8


def test_a_stream_that_may_still_speak_keeps_its_place() -> None:
    shard = a_shard()
    shard.state.engine["now"] = START_US
    for session in range(1, 20):
        x = enter(shard, session)
        shard.state.streams[x]["open"], shard.state.streams[x]["last"] = 1, START_US
    assert len({enter(shard, session) for session in range(1, 20)}) == 19


def test_a_reused_place_remembers_no_sequence() -> None:
    shard = a_shard()
    for session in range(1, 9):
        x = enter(shard, session)
        shard.state.places[x]["newest"] = 7
        shard.state.streams[x]["last"] = START_US
    shard.state.engine["now"] = START_US + 601 * SECOND_US
    assert (shard.state.places[enter(shard, 9)]["newest"] == NEVER).all()


def test_a_stream_whose_records_still_wait_keeps_its_place() -> None:
    shard = a_shard()
    places = [enter(shard, session) for session in range(1, 9)]
    shard.state.streams["last"] = START_US
    shard.state.engine["now"] = START_US + 601 * SECOND_US
    waiting = np.zeros(1, EVENT)
    waiting["stream"], waiting["kind"] = places[4], END
    shard.aligner.lanes[1].add(waiting)
    later = [enter(shard, session) for session in range(20, 27)]
    assert set(later) == set(places) - {places[4]}
    assert enter(shard, 5) == places[4]


def test_room_that_is_short_within_a_batch_is_made_and_not_taken_from_the_batch() -> None:
    shard = a_shard()
    for session in range(1, 8):
        enter(shard, session)
    shard.state.streams["last"] = START_US
    shard.state.engine["now"] = START_US + 601 * SECOND_US
    lines, sessions = np.zeros(4, np.int64), np.array([1, 100, 101, 2])
    found = shard._stream_ids(0, lines, sessions).tolist()
    assert len(set(found)) == 4
    assert shard._stream_ids(0, lines, sessions).tolist() == found


def test_more_symbols_than_there_is_room_for_keep_what_is_known() -> None:
    shard = a_shard()
    first = shard._symbol("EURUSD")
    shard.state.quotes[0, first]["bid"] = 1.25
    for n in range(300):
        shard._symbol(f"X{n:03d}USD")
    assert shard.state.quotes[0, first]["bid"] == 1.25
    assert shard.state.scale[first] == 1e5
    assert shard.state.composites["carries"][0, :301].all()


def test_more_symbols_than_there_is_room_for_leave_the_lead_as_it_is() -> None:
    shard = a_shard()
    first = shard._symbol("EURUSD")
    known = {"leads": (0, first), "better": (0, first), "minutes": (1, first), "lows": (1, first), "heard": (1, first)}
    for name, at in known.items():
        getattr(shard.state, name)[at] = 7
    for n in range(300):
        shard._symbol(f"X{n:03d}USD")
    for name, at in known.items():
        kept = getattr(shard.state, name)
        assert kept[at].tolist() == np.full_like(kept[at], 7).tolist(), name


def test_a_broker_that_led_and_is_of_the_tier_no_more_leads_no_more() -> None:
    shard = Shard(("alpha", "beta"), (tier(brokers=("alpha",)),), RULES, {"Tick": 1, "SessionRecord": 2})
    was = Published(0, "EURUSD", 1, START_US, START_US, 0, {}, "alpha", START_US)
    shard.prime([was], {})
    assert shard.state.leads[0, 0]["broker"] == 0
    for gone in ("beta", "gamma"):
        shard = Shard(("alpha", "beta"), (tier(brokers=("alpha",)),), RULES, {"Tick": 1, "SessionRecord": 2})
        shard.prime([replace(was, lead=gone)], {})
        assert shard.state.leads[0, 0]["broker"] == -1


@pytest.mark.parametrize(
    ("reasons", "told"), [([None], [2]), (["stopped"], []), ([None, "lost: nobody there"], []), (["lost", None], [3])]
)
def test_it_is_told_when_all_of_a_broker_s_sessions_have_ended_as_planned(
    reasons: list[str | None], told: list[int]
) -> None:
    shard, found = a_shard(), list[tuple[int, int]]()
    shard.aligner.lanes[0].at_end = shard.aligner.lanes[0].read = True
    shard.on_end = lambda broker, at_us: found.append((broker, (at_us - START_US) // SECOND_US))
    said: list[tuple[str, int, int, str | None]] = [("SESSION_START", line, 0, None) for line in range(len(reasons))]
    said += [("SESSION_END", line, line + 2, reason) for line, reason in enumerate(reasons)]
    payloads = [_session(*each) for each in said]
    batch: Any = [Message(offset, payload) for offset, payload in enumerate(payloads)]
    shard.read(FetchedBatch("ticks.beta", 0, batch, True, len(batch)), 1)
    shard.advance(0, lambda rows: None)
    assert found == [(1, second) for second in told]
    assert shard._planned_ends == 0


def _session(kind: str, line: int, second: int, reason: str | None) -> bytes:
    at_us = START_US + second * SECOND_US
    record = {
        "kind": kind, "broker": "beta", "line": "AB"[line], "session": 1, "time": at_us, "wall_time": at_us,
        "speed": 0.0, "ticks": 0, "feed": "REPLAY", "reason": reason,
    }  # fmt: skip
    return catalogue.encode("SessionRecord", record)
