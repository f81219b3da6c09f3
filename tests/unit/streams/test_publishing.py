"""What a publisher hands over: in which order, and when it says that it did."""

from typing import Any

import pytest

from schemas import catalogue, topics
from streams.kernels.state import NEVER, NO_SYMBOL, SECOND_US, Rows, Rules, new_rows
from streams.publishing import GAPS_AGAIN_US, Publisher, Told
from tests.unit.streams.plain_builders import START_US, tier
from tierfeed.domain.words import ControlKind

RULES = Rules(10 * SECOND_US, 600 * SECOND_US, 60 * SECOND_US, 20.0, 0.005, 30, 1200 * SECOND_US)
IDS = {entry.name: entry.id for entry in catalogue.ALL}
TIERS = (tier(name="slow", interval_ms=1000), tier(name="fast", interval_ms=10))


class Sent:
    """Takes what a producer would, and keeps it."""

    def __init__(self) -> None:
        self.quotes: list[tuple[str, dict[str, Any]]] = []

    def send_batch(self, topic: str, partition: int, messages: list[dict[str, bytes]]) -> None:
        self.quotes += [(topic, catalogue.decode(message["value"])[1]) for message in messages]

    def send(self, topic: str, partition: int, value: bytes, key: Any = None, headers: Any = None) -> None:
        assert (key, headers) == (None, [("kind", b"TierControl")])
        self.quotes.append((topic, catalogue.decode(value)[1]))


def published(clocks: list[int | None], released: list[tuple[int, ...]]) -> tuple[list[Any], list[int | None]]:
    """One hand-over for each clock, of one record per tier with these release times."""
    sent, brokers = Sent(), TIERS[0].brokers
    publisher = Publisher(sent, 0, brokers, TIERS, ["EURUSD"], IDS, RULES)  # type: ignore[arg-type]
    told = []
    for clock, times in zip(clocks, released, strict=True):
        publisher.published_us = lambda clock=clock: clock
        told.append(publisher.emit(rows(times, len(brokers))))
    return sent.quotes, told


def rows(times: tuple[int, ...], brokers: int) -> Rows:
    found = new_rows(len(times), 1, brokers)
    found.n[0] = len(times)
    found.quotes["tier"] = range(len(times))
    found.quotes["released"] = times
    return found


def micros(record: dict[str, Any]) -> int:
    return round(record["published_time"].timestamp() * 1_000_000)


def test_the_tier_with_the_shortest_interval_is_served_first() -> None:
    quotes, _ = published([START_US], [(START_US, START_US)])
    assert [topic for topic, _ in quotes] == [topics.tier("fast"), topics.tier("slow")]


@pytest.mark.parametrize("ahead_us", [0, 700])
def test_live_nothing_is_published_before_what_caused_it_and_time_never_goes_back(ahead_us: int) -> None:
    first = (START_US + ahead_us, START_US)
    quotes, told = published([START_US, START_US - 5], [first, (START_US - 5, START_US - 5)])
    assert {micros(record) for _, record in quotes} == {START_US + ahead_us}
    assert told == [START_US + ahead_us] * 2


def test_on_tape_time_a_record_is_published_when_it_was_released() -> None:
    quotes, told = published([None], [(START_US + 3, START_US + 9)])
    assert {topic: micros(record) for topic, record in quotes} == {
        topics.tier("slow"): START_US + 3,
        topics.tier("fast"): START_US + 9,
    }
    assert told == [None]


def window(second: int, symbol: int = 0, broker: int = 0, missing: int = 0) -> dict[str, int]:
    start = START_US + second * SECOND_US
    return {"start": start, "symbol": symbol, "broker": broker, "missing": missing, "last_received": start + 1}


def quote(second: float, control: int = 0, tier: int = 0) -> dict[str, int]:
    at_us = START_US + round(second * SECOND_US)
    return {"as_of": at_us, "released": at_us, "control": control, "tier": tier}


BROKERS = ("alpha", "beta")
BOTH, ALPHA_S = tier(name="both", brokers=BROKERS), tier(name="alphas", brokers=("alpha",), symbols=["EURUSD"])


def said(
    *handed: tuple[list[dict[str, int]], list[dict[str, int]]], told: Told | None = None, clock: int | None = None
) -> dict[str, list[dict[str, Any]]]:
    """By tier, what is said of quotes and windows that are handed over together. The symbols: EURUSD, USDJPY.

    `clock`: the sessions', where they are live.
    """
    sent = Sent()
    publisher = Publisher(sent, 0, BROKERS, (BOTH, ALPHA_S), ["EURUSD", "USDJPY"], IDS, RULES)  # type: ignore[arg-type]
    publisher.resume(told or Told())
    publisher.published_us = lambda: clock
    for quotes, windows in handed:
        found = new_rows(8, 8, len(BROKERS))
        found.n[:] = len(quotes), len(windows)
        for name in ("event_time", "received_time", "lead_since", "lead_switched"):
            found.quotes[name] = NEVER
        for rows_, values in ((found.quotes, quotes), (found.windows, windows)):
            for row, fields in zip(rows_, values, strict=False):
                for name, value in fields.items():
                    row[name] = value
        publisher.emit(found)
    return {
        entry.name: [r for topic, r in sent.quotes if topic == topics.tier(entry.name)] for entry in (BOTH, ALPHA_S)
    }


def gaps(records: list[dict[str, Any]]) -> list[tuple[str | None, float, float, str]]:
    """(symbol, from, to, cause), in seconds."""
    return [
        (r["symbol"], *((micros_of(r[name]) - START_US) / SECOND_US for name in ("from_time", "to_time")), r["reason"])
        for r in records
        if r.get("kind") == "GAP"
    ]


def micros_of(time: Any) -> int:
    return round(time.timestamp() * SECOND_US)


def kinds(records: list[dict[str, Any]]) -> list[str]:
    return [r.get("kind") or str((micros_of(r["as_of_time"]) - START_US) / SECOND_US) for r in records]


@pytest.mark.parametrize("clock", [None, START_US + 60 * SECOND_US], ids=["tape", "live"])
def test_a_gap_is_told_on_the_tiers_that_have_its_broker_and_carry_its_symbol_and_names_no_broker(
    clock: int | None,
) -> None:
    windows = [window(0), window(0, 1), window(0, 0, 1), window(2, 0, 0, 1), window(3, 1, 0, 1), window(4, 0, 1, 1)]
    found = said(([], windows), clock=clock)
    ours = [("EURUSD", 0.000001, 3, "missing")]
    theirs = [("USDJPY", 0.000001, 4, "missing"), ("EURUSD", 0.000001, 5, "missing")]
    assert {name: gaps(records) for name, records in found.items()} == {"both": ours + theirs, "alphas": ours}
    assert not [record for records in found.values() for record in records if "alpha" in str(record["reason"])]


def test_a_lost_broker_is_told_of_no_symbol_when_it_is_back() -> None:
    found = said(([], [window(0), window(0, 0, 1)]), ([], [window(20, NO_SYMBOL, 1)]), ([], [window(30)]))
    assert gaps(found["both"]) == [(None, 1, 20, "session_lost"), (None, 1, 30, "session_lost")]
    assert gaps(found["alphas"]) == [(None, 1, 30, "session_lost")]


def test_what_is_alike_of_two_brokers_is_told_once() -> None:
    windows = [window(second, 0, broker) for second in (0, 20) for broker in (0, 1)]
    assert gaps(said(([], windows))["both"]) == [(None, 1, 20, "session_lost")]


def test_a_gap_stands_before_the_first_quote_of_the_second_behind_it() -> None:
    stale, fresh = int(ControlKind.STALE), int(ControlKind.FRESH)
    quotes = [quote(0.5), quote(0.9, stale), quote(1, fresh), quote(1.5), quote(1.2)]
    windows = [window(-1), window(0, missing=1), window(1, missing=1), window(4, missing=1)]
    order = ["0.5", "0.9", "STALE", "GAP", "FRESH", "1.0", "1.5", "1.2", "GAP", "GAP"]
    assert kinds(said((quotes, windows))["both"]) == order
    assert kinds(said(([], windows), (quotes, []))["alphas"]) == ["GAP"] * 3


def test_what_an_earlier_worker_has_told_is_not_told_again_but_for_its_last_seconds() -> None:
    windows = [window(second, missing=second % 2) for second in range(9)]
    span = [START_US + us for us in (6_000_001, 8 * SECOND_US)]
    reached = {0: START_US + 6 * SECOND_US + GAPS_AGAIN_US}
    assert [gap[2] for gap in gaps(said(([], windows))["both"])] == [2, 4, 6, 8]
    told = Told(reached_us=reached)
    assert [gap[2] for gap in gaps(said(([], windows), told=told)["both"])] == [8]
    assert [gap[2] for gap in gaps(said(([], windows), told=told)["alphas"])] == [2, 4, 6, 8]
    told = Told(reached_us=reached, gaps={(0, "EURUSD", span[0], span[1], "missing")})
    assert gaps(said(([], windows), told=told)["both"]) == []


def test_a_gap_is_told_though_its_window_was_stored() -> None:
    windows = [window(0), window(1, missing=1)]
    told = Told(windows_after=windows[1]["start"], windows_at=frozenset({("alpha", "EURUSD")}))
    assert [gap[2] for gap in gaps(said(([], windows), told=told)["both"])] == [2]
