"""What is ordered of a live shard: a broker admitted to a tier for a time, or to lead there. Times are seconds."""

from collections import Counter
from typing import Any

import pytest

from infra.batches import FetchedBatch
from schemas import catalogue, topics
from streams.kernels.state import Rules
from streams.membership import Order
from streams.publishing import Publisher
from streams.resuming import Published
from streams.shard import Shard
from tests.builders import Message
from tierfeed.domain.tiers import Tier

NOON_US = 1_700_000_000_000_000
SECOND_US = 1_000_000
BROKERS = ("a", "b", "c")
RULES = Rules(10 * SECOND_US, 600 * SECOND_US, 60 * SECOND_US, 20.0, 0.005, 30, 1200 * SECOND_US)
IDS = {entry.name: entry.id for entry in catalogue.ALL}


def tier(record: str, own: str, emergency: str = "") -> Tier:
    """Named like its record."""
    return Tier(
        name=record, symbols=None, interval_us=10_000, depth_hours=1, brokers=tuple(own), redundancy=1, record=record,
        emergency=tuple(emergency),
    )  # fmt: skip


FREE, PRO, ENTERPRISE = (tier(record, "a", "cb") for record in ("FreeQuote", "ProQuote", "EnterpriseQuote"))
THREE = tier("EnterpriseQuote", "abc")


class Live:
    """Live sessions of three brokers on a shard, and what is published of them."""

    def __init__(self, *tiers: Tier, silent: str = "", at_s: float = 0, was: Published | None = None) -> None:
        self.shard = Shard(BROKERS, tiers, RULES, IDS)
        self.told: dict[str, list[dict[str, Any]]] = {topics.tier(each.name): [] for each in tiers}
        self._offsets: Counter[str] = Counter()
        self._publisher = Publisher(self, 0, BROKERS, tiers, self.shard.symbols.names, IDS, RULES)  # type: ignore[arg-type]
        self._publisher.published_us = lambda: self.shard.clock_us(self._now_us)
        self._publisher.has = self.shard.has
        if was is not None:
            self.shard.prime([was], {})
        self._now_us = NOON_US
        for broker in BROKERS:
            if broker not in silent:
                self.session("SESSION_START", at_s, broker)

    def send_batch(self, topic: str, partition: int, messages: list[dict[str, bytes]]) -> None:
        """In place of a producer."""
        if topic in self.told:
            self.told[topic] += [catalogue.decode(message["value"])[1] for message in messages]

    def send(self, topic: str, partition: int, value: bytes, key: Any = None, headers: Any = None) -> None:
        """Control records."""
        self.told[topic].append(catalogue.decode(value)[1])

    def quotes(self, of: Tier) -> list[dict[str, Any]]:
        return [record for record in self.told[topics.tier(of.name)] if "upto_sequence" in record]

    def session(self, kind: str, at_s: float, broker: str) -> None:
        at_us = NOON_US + round(at_s * SECOND_US)
        record = {
            "kind": kind, "broker": broker, "line": "A", "session": 1, "time": at_us, "wall_time": at_us, "speed": 1.0,
            "ticks": 0, "feed": "LIVE", "reason": None,
        }  # fmt: skip
        self._read(broker, catalogue.encode("SessionRecord", record), at_s)

    def tick(
        self, broker: str, bid: float, at_s: float, ask: float = 1.2, late_s: float = 0, sequence: int = 0
    ) -> None:
        at_us = NOON_US + round(at_s * SECOND_US)
        record = {
            "broker": broker, "symbol": "EURUSD", "bid": bid, "ask": ask, "bid_size": None, "ask_size": None,
            "event_time": at_us - round(late_s * SECOND_US), "received_time": at_us, "line": "A", "session": 1,
            "sequence": sequence or self._offsets[broker], "flags": 0,
        }  # fmt: skip
        self._read(broker, catalogue.encode("Tick", record), at_s)

    def beat(self, at_s: int, brokers: str = "abc") -> None:
        """A second of the sessions that live."""
        for broker in brokers:
            self.session("HEARTBEAT", at_s, broker)

    def _read(self, broker: str, payload: bytes, at_s: float) -> None:
        offset = self._offsets[broker]
        self._offsets[broker] += 1
        batch = FetchedBatch(topics.ticks(broker), 0, [Message(offset, payload)], True, offset + 1)  # type: ignore[list-item]
        self.shard.read(batch, BROKERS.index(broker))
        self.advance(at_s)

    def advance(self, at_s: float) -> None:
        """What the clock alone does."""
        self._now_us = max(self._now_us, NOON_US + round(at_s * SECOND_US))
        self.shard.advance(self._now_us, self._publisher.emit)

    def run_timers(self, to_s: float) -> None:
        """As a worker's alarm does: nothing comes, and it sleeps until it is due."""
        while (wait_us := self.shard.next_due_us(self._now_us)) is not None:
            if self._now_us + wait_us > NOON_US + to_s * SECOND_US:
                return
            self.advance((self._now_us + wait_us - NOON_US) / SECOND_US)


def admission(broker: str, of: Tier, since_s: float, until_s: float) -> Order:
    return Order(
        f"admit {broker} {of.name}",
        of.name,
        broker,
        None,
        *(NOON_US + round(s * SECOND_US) for s in (since_s, until_s)),
    )


def switch(broker: str, of: Tier, since_s: float, until_s: float, symbol: str = "EURUSD") -> Order:
    return admission(broker, of, since_s, until_s)._replace(id=f"switch {broker}", symbol=symbol)


def statuses(quote: dict[str, Any]) -> dict[str, str]:
    return {each["broker"]: each["status"] for each in quote["brokers"]}


def after_s(quote: dict[str, Any]) -> float:
    return round(quote["as_of_time"].timestamp() * SECOND_US - NOON_US) / SECOND_US


@pytest.mark.parametrize("of", [FREE, PRO, ENTERPRISE], ids=lambda of: of.record)
def test_an_admitted_broker_quotes_where_the_tier_s_own_is_gone_and_leaves_without_any_tick(of: Tier) -> None:
    live = Live(of)
    live.tick("a", 1.1, 0.1)
    live.tick("b", 1.15, 0.2)
    live.session("SESSION_END", 0.3, "a")
    live.run_timers(0.9)
    assert [quote["bid"] for quote in live.quotes(of)] == [1.1, None]
    order = admission("b", of, 0.4, 3.5)
    live.shard.obey([order])
    assert live.shard.in_force() == frozenset()
    live.run_timers(1.9)
    assert live.shard.in_force() == {order.id}
    came = live.quotes(of)[-1]
    assert (came["bid"], came["state"], after_s(came)) == (1.15, "NORMAL", 1)
    assert {each["broker"]: each["offset"] for each in came["sources"]} == {"a": 2, "b": 1}
    live.tick("b", 1.16, 2.2)
    assert live.quotes(of)[-1]["bid"] == 1.16
    before = len(live.quotes(of))
    live.run_timers(5.5)
    (left,) = live.quotes(of)[before:]
    assert (left["bid"], left["state"], after_s(left)) == (None, "STALE", 4)
    assert [each["broker"] for each in left["sources"]] == ["a"]
    assert live.shard.in_force() == frozenset()
    live.tick("b", 1.17, 5.6)
    assert live.quotes(of)[-1] == left
    uptos, times = ([quote[name] for quote in live.quotes(of)] for name in ("upto_sequence", "as_of_time"))
    assert uptos == [1, 2, 3, 4, 5]
    assert times == sorted(times)
    told = [(record["kind"], record["reason"]) for record in live.told[topics.tier(of.name)] if "kind" in record]
    assert [each for each in told if each[0] in ("STALE", "FRESH")] == [
        ("STALE", "SESSION_LOST"), ("FRESH", None), ("STALE", "SESSION_LOST"),
    ]  # fmt: skip


def test_admitted_brokers_stand_behind_the_tier_s_own_the_preferred_first_and_count_like_them() -> None:
    live = Live(ENTERPRISE)
    for broker, bid in zip("abc", (1.1, 1.12, 1.12), strict=True):
        live.tick(broker, bid, 0.1)
    live.shard.obey([admission("b", ENTERPRISE, 0, 2.5), admission("c", ENTERPRISE, 0.2, 9)])
    live.advance(1)
    quote = live.quotes(ENTERPRISE)[-1]
    assert list(statuses(quote)) == ["a", "c", "b"]
    assert (quote["eligible_brokers"], quote["bid"], quote["bid_broker"]) == (3, 1.12, "c")
    live.run_timers(3.1)
    assert list(statuses(live.quotes(ENTERPRISE)[-1])) == ["a", "c"]
    live.shard.obey([])
    live.run_timers(4.1)
    assert (list(statuses(live.quotes(ENTERPRISE)[-1])), after_s(live.quotes(ENTERPRISE)[-1])) == (["a"], 4)


def test_a_tier_does_not_admit_whom_its_contracts_do_not_name() -> None:
    live = Live(tier("EnterpriseQuote", "a", "c"))
    live.tick("a", 1.1, 0.1)
    live.tick("b", 1.15, 0.2)
    live.shard.obey([admission("b", ENTERPRISE, 0, 9), admission("nobody", ENTERPRISE, 0, 9)])
    live.run_timers(3)
    assert [quote["bid"] for quote in live.quotes(ENTERPRISE)] == [1.1]


def seconds(live: Live, first: int, end: int, brokers: str = "abc") -> None:
    """Beats and a tick of each; broker a is much better than the others, whose ticks are too late now and then."""
    for second in range(first, end):
        live.beat(second, brokers)
        for n, broker in enumerate(brokers):
            late_s = 0 if broker == "a" else 2.0 * (second % 4 > 0)
            live.tick(broker, 1.1 + second % 7 / 1e4, second + 0.2 + n / 10, late_s=late_s)


def leads(live: Live) -> tuple[str, float, float | None]:
    """Who, since when, and the last switch."""
    quote = live.quotes(THREE)[-1]
    times = (
        quote[name] and round(quote[name].timestamp() - NOON_US / SECOND_US) for name in ("lead_since", "lead_switched")
    )
    return quote["lead_broker"], *times  # type: ignore[return-value]


def test_a_preferred_broker_leads_while_it_is_able_and_the_ordinary_rule_goes_on_from_there() -> None:
    live = Live(THREE)
    seconds(live, 1, 5)
    assert leads(live) == ("a", 2, None)
    order = switch("c", THREE, 4.5, 60)
    live.shard.obey([order])
    seconds(live, 5, 6)
    assert leads(live) == ("c", 5, 5)
    assert live.quotes(THREE)[-1]["bid_broker"] == "c"
    assert live.shard.in_force() == {order.id}
    seconds(live, 6, 58)
    assert leads(live) == ("c", 5, 5)
    live.session("SESSION_END", 58.3, "c")
    seconds(live, 59, 60, "ab")
    assert leads(live) == ("a", 59, 5)
    live.session("SESSION_START", 59.5, "c")
    live.tick("c", 1.11, 59.6)
    seconds(live, 60, 63)
    assert leads(live) == ("a", 59, 5)
    assert live.shard.in_force() == frozenset()


def test_a_preferred_broker_stays_when_its_time_is_over_until_a_better_one_takes_over() -> None:
    live = Live(THREE)
    live.shard.obey([switch("c", THREE, 0, 60)])
    seconds(live, 1, 89)
    assert leads(live) == ("c", 2, 2)
    rest_s = RULES.lead_rest_us // SECOND_US
    seconds(live, 89, rest_s + 2)
    assert leads(live) == ("c", 2, 2)
    seconds(live, rest_s + 2, rest_s + 5)
    assert leads(live) == ("a", rest_s + 2, rest_s + 2)


def test_an_order_for_a_symbol_that_has_not_come_yet_waits_for_it() -> None:
    live = Live(THREE)
    live.shard.obey([switch("c", THREE, 0, 60), switch("b", THREE, 0, 60, "USDJPY")])
    seconds(live, 1, 4)
    assert leads(live)[0] == "c"
    assert "USDJPY" not in live.shard.symbols.names


def test_of_two_orders_for_a_symbol_the_newer_one_counts() -> None:
    live = Live(THREE)
    live.shard.obey([switch("c", THREE, 0, 60), switch("b", THREE, 3, 5)])
    seconds(live, 1, 4)
    assert leads(live) == ("b", 3, 3)
    seconds(live, 4, 6)
    assert leads(live) == ("c", 5, 5)


def played(live: Live, order: Order, heard_s: float = 0) -> list[tuple[int, float, float]]:
    """The number, bid and time of what is told of five ticks while b is admitted, or comes again."""
    ticks = [("a", 1.1, 0.1), ("b", 1.15, 0.2), ("b", 1.16, 1.2), ("a", 1.12, 1.5), ("b", 1.17, 3.2)]
    events = [(at_s, broker, bid) for broker, bid, at_s in ticks] + [(heard_s, "", 0.0)]
    for at_s, broker, bid in sorted(events):
        live.run_timers(at_s)
        if broker:
            live.tick(broker, bid, at_s)
        else:
            live.shard.obey([order])
    live.run_timers(8)
    return [(quote["upto_sequence"], quote["bid"], after_s(quote)) for quote in live.quotes(ENTERPRISE)]


def taken_over(first: Live, after: int, order: Order) -> list[tuple[int, float, float]]:
    """What a worker tells that takes over behind so many quotes, and reads everything again."""
    last = first.quotes(ENTERPRISE)[after - 1]
    at_us = NOON_US + round(after_s(last) * SECOND_US)
    sources = {each["broker"]: each["offset"] for each in last["sources"]}
    was = Published(0, "EURUSD", last["upto_sequence"], at_us, at_us, 0, sources)
    return played(Live(ENTERPRISE, was=was), order)


def test_who_takes_over_goes_on_with_an_admission_and_tells_its_end_and_nothing_twice() -> None:
    first, order = Live(ENTERPRISE), admission("b", ENTERPRISE, 1.4, 4.5)
    told = played(first, order, heard_s=0.6)
    assert told == [(1, 1.1, 0.1), (2, 1.12, 1.5), (3, 1.16, 2), (4, 1.17, 3.2), (5, 1.12, 5)]
    for after in range(1, len(told) + 1):
        assert taken_over(first, after, order) == told[after:]


def test_an_admission_that_the_worker_before_had_not_heard_of_makes_no_updates_out_of_older_quotes() -> None:
    first, order = Live(ENTERPRISE), admission("b", ENTERPRISE, 0.5, 4.5)
    told = played(first, order, heard_s=1.6)
    assert told == [(1, 1.1, 0.1), (2, 1.12, 1.5), (3, 1.16, 2), (4, 1.17, 3.2), (5, 1.12, 5)]
    # b ticked at 1.2, before the quote of 1.5 that the earlier worker told without it.
    assert taken_over(first, 2, order) == [(3, 1.17, 3.2), (4, 1.12, 5)]
