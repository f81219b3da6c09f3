"""What the company buys: charges of its rate card, brokers' contracts; and the maintenance it does. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from analytics.figures import MICRO
from analytics.ops.company.lives import Life
from analytics.ops.company.months import DAY, Window, at
from analytics.ops.kinds import PREFIX, Row
from analytics.ops.rules import next_month
from tierfeed.domain.tiers import Tier

GROWTH_PERCENT: Final = 2
"""The rate card's prices are those of the first month; each month after it costs so much of them more."""
SECOND: Final = 2 * 7 * DAY
NOTICE: Final = 5 * DAY


@dataclass(frozen=True, slots=True)
class Rate:
    """One line of the rate card. `each`: one for every broker, or one for each customer together."""

    service: str
    category: str
    microusd: int
    each: str = "once"
    provisioned: int = 0
    """Of whatever it has; 0: it has no capacity to speak of."""


# The document's: 4 servers x $200, 3 feeds' bandwidth x $500, processing $300, $2.5 a user.
RATE_CARD: Final = (
    Rate("Collectors", "Compute", 200 * MICRO, "broker", provisioned=16),
    Rate("Broker feed", "Networking", 500 * MICRO, "broker", provisioned=1000),
    Rate("Stream workers", "Compute", 200 * MICRO, provisioned=16),
    Rate("Kafka storage", "Storage", 90 * MICRO, provisioned=2000),
    Rate("ClickHouse", "Databases", 150 * MICRO, provisioned=4000),
    Rate("Monitoring", "Management and Governance", 60 * MICRO),
    Rate("Kafka network", "Networking", 5 * MICRO // 2, "customer"),
)


def charges(seed: int, window: Window, brokers: Sequence[str], lives: Sequence[Life]) -> Iterator[Row]:
    """Those of each month; of customers, who has a subscription within it."""
    for number, month in enumerate(window.months()):
        end = next_month(month)
        there = sum(
            any(each.start < end and (each.end is None or each.end > month) for each in life.bought) for life in lives
        )
        for rate in RATE_CARD:
            chance = Random(f"{seed}/charge/{month}/{rate.service}")
            for broker in brokers if rate.each == "broker" else (None,):
                percent = 100 + GROWTH_PERCENT * number
                of = there if rate.each == "customer" else 1
                yield _charge(rate, month, broker, rate.microusd * of * percent // 100, chance)


def _charge(rate: Rate, month: date, broker: str | None, microusd: int, chance: Random) -> Row:
    resource = "-".join(filter(None, (rate.service.lower().replace(" ", "-"), broker)))
    tags = {} if broker is None else {"broker": broker}
    used = rate.provisioned * (55 + chance.randrange(35)) // 100
    if rate.provisioned:
        tags |= {"provisioned": str(rate.provisioned), "used": str(used)}
    return {
        "charge": f"{PREFIX}{month:%Y%m}-{resource}",
        "billing_period_start": month,
        "charge_period_start": month,
        "charge_period_end": next_month(month),
        "provider_name": "Synthetic Hosting" if broker is None else broker,
        "service_name": rate.service,
        "service_category": rate.category,
        "charge_category": "Usage",
        "resource_id": resource,
        "resource_name": resource.replace("-", " "),
        "billed_cost_microusd": microusd,
        "effective_cost_microusd": microusd,
        "tags": dict(sorted(tags.items())),
    }


def contracts(window: Window, brokers: Sequence[str], tiers: Sequence[Tier]) -> Iterator[Row]:
    """The fee of each is what its feed costs by the rate card: the charges are that money, which is not paid twice."""
    fee = next(rate.microusd for rate in RATE_CARD if rate.service == "Broker feed")
    for broker in brokers:
        yield {
            "broker": broker,
            "from_date": window.start.replace(year=window.start.year - 1),
            "to_date": None,
            "fee_microusd": fee,
            "connections": 4,
            "redistribution_permitted": True,
            "tiers": [tier.name for tier in tiers if broker in (*tier.brokers, *tier.emergency)],
            "upstream": None,
        }


def maintenance(window: Window) -> Iterator[Row]:
    """An hour in the second week of each month, on a weekday's evening."""
    for month in window.months():
        day = month + SECOND // 2
        while day.weekday() != 2:
            day += DAY
        begins = at(day, 22 * 60)
        yield {
            "maintenance": f"{PREFIX}m{month:%Y%m}",
            "starts_at": begins,
            "ends_at": begins + timedelta(hours=1),
            "announced_at": begins - NOTICE,
            "what": "new disks for the stream workers",
        }
