"""What must hold between the columns of one row. Each rule names what it reads, so that one bad cell does not hide what
else is wrong with a row. Pure.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from analytics.ops.kinds import CLOSED, PREFIX, SURVEYS, SYNTHETIC, Kind, KindName, Row
from tierfeed.domain.market import NOTICE


@dataclass(frozen=True, slots=True)
class Rule:
    """`broken`: what the column must be, where it is not, of the values of `reads`."""

    column: str
    reads: tuple[str, ...]
    broken: Callable[..., str | None]


def broken(kind: Kind, row: Row) -> Iterator[tuple[str, str]]:
    """(column, what it must be) for each rule that a row breaks; `row` has the values of the cells that are sound."""
    for rule in (*RULES.get(kind.name, ()), *_marks(kind)):
        if row.keys() >= {*rule.reads}:
            told = rule.broken(*(row[name] for name in rule.reads))
            if told is not None:
                yield rule.column, told


def next_month(first: date) -> date:
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def _marks(kind: Kind) -> Iterator[Rule]:
    """What the generator made can never come in as real."""
    for name in dict.fromkeys((kind.key[0], *(("tenant",) if kind.has_tenants else ()))):
        told = f"must be {SYNTHETIC} where {name} begins with {PREFIX}: it was generated"
        yield Rule(
            "source",
            (name, "source"),
            lambda word, source, told=told: told if word.startswith(PREFIX) and source != SYNTHETIC else None,
        )


def _after(column: str, first: str) -> Rule:
    return Rule(
        column,
        (first, column),
        lambda start, end: None if end is None or end > start else f"must be after {first} ({_told(start)})",
    )


def _not_before(column: str, first: str) -> Rule:
    return Rule(
        column,
        (first, column),
        lambda start, end: None if end is None or end >= start else f"must not be before {first} ({_told(start)})",
    )


def _told(at: date) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _score(kind: str, score: int) -> str | None:
    least, most = SURVEYS[kind]
    return None if least <= score <= most else f"must be from {least} to {most} where kind is {kind}"


def _closed(state: str, closed_on: date | None) -> str | None:
    if (state in CLOSED) == (closed_on is not None):
        return None
    return f"must be {'a day' if state in CLOSED else 'empty'} where state is {state}"


def _from_tier(kind: str, from_tier: str | None) -> str | None:
    if (kind == "new") == (from_tier is None):
        return None
    return f"must be {'empty' if kind == 'new' else 'a tier'} where kind is {kind}"


def _upgrade(kind: str, from_tier: str | None, to_tier: str) -> str | None:
    return (
        f"must be another tier than from_tier where kind is {kind}"
        if kind == "upgrade" and from_tier == to_tier
        else None
    )


def _in_month(month: date, start: date, end: date) -> str | None:
    if month <= start and (end <= next_month(month) or not start < end):
        return None
    return f"must be, as ChargePeriodEnd, within the month of BillingPeriodStart ({month})"


def _capacity(tags: Mapping[str, str]) -> str | None:
    """How much was provisioned, and how much of it used: both or neither, of one unit."""
    numbers = {name: _number(tags[name]) for name in ("provisioned", "used") if name in tags}
    if not numbers:
        return None
    provisioned, used = numbers.get("provisioned"), numbers.get("used")
    if provisioned is None or used is None or provisioned <= 0 or used < 0:
        return "must have both of provisioned, a number above 0, and used, a number of at least 0, or neither"
    return None


def _number(text: Any) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


RULES: Final[Mapping[KindName, tuple[Rule, ...]]] = {
    KindName.SUBSCRIPTIONS: (_after("to_date", "from_date"),),
    KindName.INVOICES: (
        _after("to_date", "from_date"),
        _not_before("due_on", "issued_on"),
        _not_before("paid_on", "issued_on"),
    ),
    KindName.TICKETS: (_not_before("closed_at", "opened_at"),),
    KindName.SURVEYS: (Rule("score", ("kind", "score"), _score),),
    KindName.OPPORTUNITIES: (
        Rule("closed_on", ("state", "closed_on"), _closed),
        _not_before("closed_on", "opened_on"),
        Rule("from_tier", ("kind", "from_tier"), _from_tier),
        Rule("to_tier", ("kind", "from_tier", "to_tier"), _upgrade),
    ),
    KindName.COST_CHARGES: (
        Rule(
            "BillingPeriodStart",
            ("billing_period_start",),
            lambda month: None if month.day == 1 else "must be the first day of a month",
        ),
        Rule(
            "ChargePeriodEnd",
            ("charge_period_start", "charge_period_end"),
            lambda start, end: None if start < end else f"must be after ChargePeriodStart ({start})",
        ),
        Rule("ChargePeriodStart", ("billing_period_start", "charge_period_start", "charge_period_end"), _in_month),
        Rule("Tags", ("tags",), _capacity),
    ),
    KindName.BROKER_CONTRACTS: (
        _after("to_date", "from_date"),
        Rule(
            "upstream",
            ("broker", "upstream"),
            lambda broker, upstream: "must be another than the broker, or empty" if upstream == broker else None,
        ),
    ),
    KindName.MAINTENANCE: (
        _after("ends_at", "starts_at"),
        Rule(
            "announced_at",
            ("starts_at", "announced_at"),
            lambda starts_at, announced_at: (
                None
                if starts_at - announced_at >= NOTICE
                else f"must be at least 72 hours before starts_at ({_told(starts_at)})"
            ),
        ),
    ),
}
