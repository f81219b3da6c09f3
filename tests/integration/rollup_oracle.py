"""What rollups have to come to, told in Python from the rows themselves: offset by offset, second by second."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from tests.integration.rollup_world import US, Row
from tierfeed.domain.market import Calendar
from tierfeed.domain.spans import total

Found = dict[tuple[Any, ...], Any]
BACKFILLED = 4


def us(moment: datetime) -> int:
    return int(moment.replace(microsecond=0).timestamp()) * US + moment.microsecond


Quoted = Mapping[tuple[str, str, float], Mapping[int, set[str]]]
LATE_US = 10 * US


def quoted(ticks: Iterable[Row]) -> Quoted:
    """By symbol, side and price: when it was quoted, and by whom."""
    found: dict[tuple[str, str, float], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in ticks:
        if not each["flags"] & BACKFILLED:
            for side in ("bid", "ask"):
                found[each["symbol"], side, each[side]][us(each["received_time"])].add(each["broker"])
    return found


def names_of(quote: Row, quoted: Quoted) -> list[str]:
    """Of the sides that a record has."""
    came, found = quote["sources.broker"], []
    for side in ("bid", "ask"):
        if quote[side] is None:
            continue
        told, age = quote.get(f"{side}_broker"), quote.get(f"{side}_age_us")
        if told is None and len(came) == 1:
            told = came[0]
        if told is None and age is not None:
            at, times = us(quote["as_of_time"]) - age, quoted.get((quote["symbol"], side, quote[side]), {})
            who = times.get(max((each for each in times if at - LATE_US <= each <= at), default=-1), set())
            told = next((name for name in came or sorted(who) if name in who), "")
        found.append(told or "")
    return found


def tier_hours(quotes: Iterable[Row], ticks: list[Row]) -> Found:
    hours: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for quote in quotes:
        hour = quote["published_time"].replace(minute=0, second=0, microsecond=0)
        hours[quote["tier"], quote["symbol"], hour, quote["topic_id"], quote["partition"]].append(quote)
    who = quoted(ticks)
    return {key: _hour(rows, who) for key, rows in hours.items()}


def _hour(rows: list[Row], who: Quoted) -> tuple[Any, ...]:
    offsets = [row["offset"] for row in rows]
    late = [us(row["published_time"]) - max(us(row["as_of_time"]), us(row["due_time"])) for row in rows]
    return (
        min(offsets),
        max(offsets),
        len(rows),
        *_quality(rows),
        sum(late),
        dict(Counter(next(n for n in range(400) if each < 2 ** ((n + 1) / 8)) for each in late)),
        *_halves(Counter(name for row in rows for name in names_of(row, who)), len(rows)),
    )


def _quality(rows: list[Row]) -> tuple[int, int, int, int]:
    """conflated, usable, timed, waited_us."""
    timed = [row for row in rows if row["received_time"] is not None]
    return (
        sum(row["conflated_count"] for row in rows),
        sum(row["state"] in ("NORMAL", "LOCKED") for row in rows),
        len(timed),
        sum(us(row["published_time"]) - us(row["received_time"]) for row in timed),
    )


def _halves(shares: Counter[str], counted: int) -> tuple[dict[str, int], int]:
    return dict(shares), counted + sum(half for name, half in shares.items() if name)


def consumption_days(ranges: Iterable[Row], quotes: Iterable[Row], ticks: list[Row]) -> Found:
    """Offset by offset."""
    read: dict[tuple[Any, ...], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for each in ranges:
        if each["kind"] == "CONSUMED":
            place = each["tenant"], each["consumer_group"], each["read_topic_id"], each["read_partition"]
            read[place][each["pass"]] |= set(range(each["from_offset"], each["to_offset"]))
    stored = {(str(each["topic_id"]), each["partition"], each["offset"]): each for each in quotes}
    consumed: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    again: Counter[tuple[Any, ...]] = Counter()
    for (tenant, _, topic, partition), passes in read.items():
        for offset, times in Counter(at for of in passes.values() for at in of).items():
            if (quote := stored.get((topic, partition, offset))) is not None:
                key = tenant, quote["published_time"].date(), quote["tier"], quote["symbol"]
                consumed[key].append(quote)
                again[key] += times - 1
    who = quoted(ticks)
    named = {id(quote): names_of(quote, who) for quote in stored.values()}
    return {
        key: (
            len(rows),
            again[key],
            *_quality(rows),
            sum(1 << hour for hour in {row["published_time"].hour for row in rows}),
            *_halves(Counter(name for row in rows for name in named[id(row)]), len(rows) + again[key]),
        )
        for key, rows in consumed.items()
    }


def broker_days(windows: list[Row], ticks: list[Row], calendar: Calendar) -> Found:
    """One second after the other."""
    days = {each["window_start"].date() for each in windows if each["symbol"]}
    return {key: value for day in days for key, value in _broker_day(day, windows, ticks, calendar).items()}


def _broker_day(day: date, windows: list[Row], ticks: list[Row], calendar: Calendar) -> Found:
    start = next(each["window_start"] for each in windows if each["window_start"].date() == day)
    start = start.replace(hour=0, minute=0, second=0, microsecond=0)
    mine = [each for each in windows if each["window_start"].date() == day]
    received = [each for each in ticks if each["received_time"].date() == day]
    alive: dict[str, set[int]] = defaultdict(set)
    ticked: dict[tuple[str, str], set[int]] = defaultdict(set)
    for each in mine:
        second = int(each["window_start"].timestamp())
        if each["heartbeats"] or each["ticks"] > each["backfilled"]:
            alive[each["broker"]].add(second)
        if each["symbol"] and each["ticks"] > each["backfilled"] + each["invalid"]:
            ticked[each["broker"], each["symbol"]].add(second)
    pairs = sorted({(each["broker"], each["symbol"]) for each in mine if each["symbol"]})
    near = _nearness(pairs, alive, windows)
    latencies = _latencies(received)
    found = {}
    for broker, symbol in pairs:
        rows = [each for each in mine if (each["broker"], each["symbol"]) == (broker, symbol)]
        spans = calendar.scheduled(start, start + timedelta(days=1), [broker])
        others = {at for (name, of), seconds in ticked.items() if of == symbol and name != broker for at in seconds}
        timed = latencies.get((broker, symbol), [])
        found[broker, symbol, day] = (
            total(spans),
            sum(any(begin <= at < end for begin, end in spans) for at in alive[broker]),
            len(others),
            len(others & alive[broker]),
            sum(each["ticks"] - each["backfilled"] for each in rows),
            sum(each["duplicates"] + each["line_duplicates"] for each in rows),
            *(sum(each[name] for each in rows) for name in ("invalid", "quarantined", "crossed", "missing")),
            len(timed),
            sum(each <= 250_000 for each in timed),
            sum(timed),
            *near[broker, symbol],
            len(mine) + len(received),
        )
    return found


def _latencies(ticks: list[Row]) -> dict[tuple[str, str], list[int]]:
    by_session: dict[tuple[Any, ...], list[tuple[str, int]]] = defaultdict(list)
    for each in ticks:
        if each["event_time"] is not None and not each["flags"] & BACKFILLED:
            latency = us(each["received_time"]) - us(each["event_time"])
            by_session[each["broker"], each["line"], each["session"]].append((each["symbol"], latency))
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (broker, _, _), each_of in by_session.items():
        ordered = sorted(latency for _, latency in each_of)
        offset = ordered[math.floor(len(ordered) * 0.01)]
        for symbol, latency in each_of:
            found[broker, symbol].append(latency - offset)
    return found


def _nearness(
    pairs: list[tuple[str, str]], alive: Mapping[str, set[int]], windows: list[Row]
) -> dict[tuple[str, str], tuple[int, int]]:
    """(compared, near) seconds; whole hundredths of a price's last digit."""
    mids: dict[tuple[str, str], dict[int, tuple[int, int]]] = defaultdict(dict)
    for each in windows:
        if each["symbol"] and each["mid"] is not None:
            scale = 1e5 if each["symbol"].endswith("JPY") else 1e7
            second = int(each["window_start"].timestamp())
            mids[each["broker"], each["symbol"]][second] = (
                round(each["mid"] * scale),
                round(each["spread_mean"] * scale),
            )
    compared: Counter[tuple[str, str]] = Counter()
    near: Counter[tuple[str, str]] = Counter()
    for second in set().union(*alive.values()):
        for symbol in {symbol for _, symbol in pairs}:
            quotes = {}
            for broker, of in pairs:
                if of == symbol and second in alive[broker]:
                    told = [at for at in range(second, second - 60, -1) if at in mids[broker, symbol]]
                    if told:
                        quotes[broker] = mids[broker, symbol][told[0]]
            if len(quotes) < 3:
                continue
            for broker, (mid, _) in quotes.items():
                others = [quote for other, quote in quotes.items() if other != broker]
                middle = median(each for each, _ in others)
                compared[broker, symbol] += 1
                near[broker, symbol] += abs(mid - middle) <= 2 * median(spread for _, spread in others)
    return {pair: (compared[pair], near[pair]) for pair in pairs}
