"""What a customer's life leaves in the books: invoices, tickets, surveys, opportunities, credits. Pure.

Ids are made of what they are of, so that they are the same whatever else there is.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Final

from analytics.ops.company.lives import DELIGHTED, UNHAPPY, Bought, Life
from analytics.ops.company.months import DAY, Window, at
from analytics.ops.kinds import PREFIX, Row
from analytics.ops.rules import next_month

DUE_DAYS: Final = 14
TOPICS: Final = ("latency", "gaps", "billing", "access", "symbols", "integration")
SEVERITIES: Final = ("low", "normal", "normal", "high")
BAD_SEVERITIES: Final = ("normal", "high", "high", "urgent")
EVIL_DAYS: Final = timedelta(days=62)
"""So long before it gives up, a customer complains more."""
ANSWERS_PERCENT: Final = 12
"""Of those asked in a month: everybody is, once a quarter."""


def earned(bought: Bought, month: date) -> tuple[date, date, int] | None:
    """(first day, the day on which it ends, micro-dollars) of a month's fee: what `revenue_days` has for those days."""
    end = next_month(month)
    start, until = max(bought.start, month), min(bought.end or end, end)
    if start >= until:
        return None
    days = (end - month).days
    first, last = (start - month).days, (until - month).days
    return start, until, bought.price * last // days - bought.price * first // days


def subscriptions(life: Life) -> Iterator[Row]:
    for each in life.bought:
        yield {
            "tenant": life.tenant,
            "from_date": each.start,
            "to_date": each.end,
            "tier": each.tier,
            "price_microusd": each.price,
        }


def invoices(life: Life, chance: Random, window: Window) -> Iterator[Row]:
    """One for each month and subscription that costs something, sent on its first day."""
    for month in window.months():
        for bought in life.bought:
            fee = earned(bought, month)
            if fee is None or not fee[2]:
                continue
            start, until, amount = fee
            due = start + DUE_DAYS * DAY
            paid = _paid(chance, life, start, due)
            yield {
                "invoice": f"{PREFIX}i{start:%Y%m}-{life.number:05}",
                "tenant": life.tenant,
                "from_date": start,
                "to_date": until,
                "amount_microusd": amount,
                "issued_on": start,
                "due_on": due,
                "paid_on": paid if paid is not None and paid < window.end else None,
            }


def _paid(chance: Random, life: Life, issued: date, due: date) -> date | None:
    in_time, late = chance.randrange((due - issued).days + 1), 1 + chance.randrange(45)
    never, is_late = (10, 35) if life.mood < UNHAPPY else (1, 9)
    if life.gave_up is not None and life.gave_up - issued <= 31 * DAY:
        never = 30
    luck = chance.randrange(100)
    if luck < never:
        return None
    return due + late * DAY if luck < never + is_late else issued + in_time * DAY


def tickets(life: Life, chance: Random, window: Window) -> Iterator[Row]:
    """Who is unhappy asks more, and most before it gives up."""
    for month in window.months():
        days = [day for day in _days(month) if life.at(day)]
        is_unhappy = life.mood < UNHAPPY
        count = chance.randrange(4) if is_unhappy else int(chance.randrange(100) < 25)
        if life.gave_up is not None and life.gave_up - EVIL_DAYS <= month < life.gave_up:
            count += 2 + chance.randrange(3)
        for number in range(count if days else 0):
            opened = at(days[chance.randrange(len(days))], 6 * 60 + chance.randrange(14 * 60))
            closed = opened + timedelta(minutes=30 + chance.randrange(96 * 60))
            severities = BAD_SEVERITIES if is_unhappy else SEVERITIES
            is_closed = chance.randrange(100) >= 4 and closed < at(window.end, 0)
            yield {
                "ticket": f"{PREFIX}t{month:%Y%m}-{life.number:05}-{number + 1}",
                "tenant": life.tenant,
                "opened_at": opened,
                "closed_at": closed if is_closed else None,
                "severity": severities[chance.randrange(len(severities))],
                "topic": TOPICS[chance.randrange(len(TOPICS))],
            }


def surveys(life: Life, chance: Random, window: Window, asked: list[Row]) -> Iterator[Row]:
    """NPS of who answers, and CSAT of tickets (`asked`) that were closed."""
    for month in window.months():
        day = month + chance.randrange(27) * DAY
        score = _nps(chance, life.mood)
        if life.at(day) and chance.randrange(100) < ANSWERS_PERCENT:
            yield {
                "survey": f"{PREFIX}n{month:%Y%m}-{life.number:05}",
                "tenant": life.tenant,
                "kind": "NPS",
                "score": score,
                "answered_at": at(day, 7 * 60 + chance.randrange(12 * 60)),
            }
    for ticket in asked:
        answered, score = chance.randrange(100) < 40, _csat(chance, life.mood)
        if ticket["closed_at"] is not None and answered:
            when = ticket["closed_at"] + timedelta(hours=2)
            if when < at(window.end, 0):
                yield {
                    "survey": ticket["ticket"].replace(f"{PREFIX}t", f"{PREFIX}c"),
                    "tenant": life.tenant,
                    "kind": "CSAT",
                    "score": score,
                    "answered_at": when,
                }


def _nps(chance: Random, mood: int) -> int:
    low, high = (0, 6) if mood < UNHAPPY else (8, 10) if mood >= DELIGHTED else (5, 9)
    return low + chance.randrange(high - low + 1)


def _csat(chance: Random, mood: int) -> int:
    low, high = (1, 3) if mood < UNHAPPY else (4, 5) if mood >= DELIGHTED else (3, 5)
    return low + chance.randrange(high - low + 1)


def opportunities(life: Life, chance: Random, window: Window, above: dict[str, str]) -> Iterator[Row]:
    """`above`: by tier, the next one. What was bought was won; others were lost, or are open."""
    opened, luck = timedelta(days=3 + chance.randrange(30)), chance.randrange(100)
    first = life.bought[0]
    if first.price and window.start <= first.start:
        yield _deal(life, "new", first.start - opened, (None, first.tier, first.price), first.start, "won")
    for had, got in pairwise(life.bought):
        if got.start == life.upgraded:
            yield _deal(life, "upgrade", got.start - opened, (had.tier, got.tier, got.price), got.start, "won")
    if life.gave_up is not None:
        had = next(each for each in life.bought if each.end == life.gave_up)
        if had.price and luck < 60:
            closed = min(life.gave_up, window.end - DAY)
            yield _deal(life, "renewal", closed - opened, (had.tier, had.tier, had.price), closed, "lost")
        return
    has = life.bought[-1]
    begun = max(life.joined, window.start) + chance.randrange(window.days) * DAY
    if begun >= window.end or has.start > begun:
        return
    closed = begun + opened
    state = "open" if closed >= window.end else "won" if luck < 12 else "lost"
    what = "renewal" if state == "won" or luck >= 70 else "upgrade"
    if luck < 20 and has.price and (what == "renewal" or has.tier in above):
        to_tier = has.tier if what == "renewal" else above[has.tier]
        done = None if state == "open" else closed
        yield _deal(life, what, begun, (has.tier, to_tier, has.price), done, state)


def _deal(
    life: Life, kind: str, opened: date, what: tuple[str | None, str, int], closed: date | None, state: str
) -> Row:
    from_tier, to_tier, amount = what
    return {
        "opportunity": f"{PREFIX}o{opened:%Y%m%d}-{life.number:05}-{kind}",
        "tenant": life.tenant,
        "kind": kind,
        "from_tier": from_tier,
        "to_tier": to_tier,
        "amount_microusd": amount,
        "opened_on": opened,
        "closed_on": closed,
        "state": state,
    }


def credits_by_hand(life: Life, chance: Random, asked: list[Row]) -> Iterator[Row]:
    """A tenth of a month's fee for some of the tickets that were urgent."""
    for ticket in asked:
        bought = life.at(ticket["opened_at"].date())
        luck, state = chance.randrange(100), chance.randrange(100)
        if ticket["severity"] == "urgent" and bought is not None and bought.price and luck < 25:
            yield {
                "credit": ticket["ticket"].replace(f"{PREFIX}t", f"{PREFIX}g"),
                "tenant": life.tenant,
                "month": ticket["opened_at"].date().replace(day=1),
                "amount_microusd": bought.price // 10,
                "state": "approved" if state < 70 else "proposed" if state < 90 else "rejected",
                "reason": f"goodwill for {ticket['ticket']}, {ticket['topic']}",
            }


def _days(month: date) -> Iterator[date]:
    end = next_month(month)
    while month < end:
        yield month
        month += DAY
