"""What a month's figures rest on, as ClickHouse answers: every row is the answer to one file of sql/."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from analytics.business.month_kept import TenantMonths, tenant_months
from analytics.sla.store import Store
from analytics.summary import Row
from analytics.usage import COVERED, FRAMES, LEAST_BYTES, UNEXPLAINED
from tierfeed.domain.market import month_of
from tierfeed.settings import ClickHouseSettings

MONTHS: Final = 12
"""So many are in the trend, the month itself the last of them."""
EPOCH: Final = date(1970, 1, 1)


class Source(NamedTuple):
    """What there is of one kind of input: rows ever and the first day they tell of, rows that tell of the month."""

    ever: int = 0
    first: date | None = None
    within: int = 0
    synthetic: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A month [start, end), seen from `now`. What earns and costs day by day counts up to and with today."""

    month: str
    start: datetime
    end: datetime
    now: datetime

    @classmethod
    def of(cls, month: str, now: datetime) -> "Span":
        """Raises ConfigError where that is no month."""
        return cls(month, *month_of(month), now)

    @property
    def first(self) -> date:
        return self.start.date()

    @property
    def until(self) -> date:
        """The day before which days count: after the month, or after today. A month to come has its first day."""
        return max(min(self.end.date(), self.now.date() + timedelta(days=1)), self.first + timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The answers to sql/month_*.sql."""

    span: Span
    sources: Mapping[str, Source]
    trend: list[Row]
    tenants: list[Row]
    logos: Row
    surveys: Mapping[str, Row]
    upgrades: Row
    brokers: list[Row]
    latency: Mapping[str, Row]
    """By tier; of all of them under the empty name."""
    promises: list[Row]
    kept: TenantMonths
    allocated: list[Row]
    charges: list[Row]
    bytes: list[Row]

    @property
    def month(self) -> Row:
        """The month in the trend."""
        return self.trend[-1]

    def source(self, kind: str) -> Source:
        return self.sources.get(kind, Source())

    def promised(self, what: str) -> list[Row]:
        """Of sql/month_promises.sql: the rows of tiers, of days, or the one of all."""
        return [row for row in self.promises if row["what"] == what]


def ask(settings: ClickHouseSettings, span: Span) -> Facts:
    """Ask everything. Raises UpstreamError."""
    days = {"from": span.first, "to": span.until}
    whole = {"from": span.first, "to": span.end.date()}
    with closing(Store(settings)) as store:
        tenants = store.ask("month_tenants", days)
        net = {row["tenant"]: row["net_microusd"] for row in tenants}
        return Facts(
            span=span,
            sources={row["kind"]: _source(row) for row in store.ask("month_sources", days)},
            trend=store.ask("month_trend", {"from": earlier(span.first, MONTHS - 1), "to": span.until}),
            tenants=tenants,
            logos=store.ask("month_logos", days)[0],
            surveys={row["kind"]: row for row in store.ask("month_surveys", days)},
            upgrades=store.ask("month_upgrades", days)[0],
            brokers=store.ask("month_brokers", days),
            latency={row["tier"]: row for row in store.ask("month_latency", days)},
            promises=store.ask("month_promises", days),
            kept=tenant_months(store, span.start, span.end, span.now, net),
            allocated=store.ask("month_allocated", {"from": span.first}),
            charges=store.ask("month_charges", whole),
            bytes=_bytes(store, span),
        )


def _bytes(store: Store, span: Span) -> list[Row]:
    """By tenant, with what is to be made of it: ok, under_metered or insufficient_data, as `tierfeed usage` says it."""
    until = min(span.end, span.now).timestamp() // 60 * 60
    moments = {"from": span.start, "to": datetime.fromtimestamp(max(until, span.start.timestamp()), UTC)}
    rows = store.ask("month_bytes", {**FRAMES, **moments})
    for row in rows:
        span_s = until - row["asked_from"].replace(tzinfo=UTC).timestamp()
        is_known = row["asked_s"] >= COVERED * span_s and not row["unsized"]
        if not is_known or max(row["sent"], row["explained"]) < LEAST_BYTES:
            row["status"] = "insufficient_data"
        else:
            row["status"] = "under_metered" if row["sent"] > UNEXPLAINED * row["explained"] else "ok"
    return rows


def _source(row: Row) -> Source:
    return Source(row["ever"], EPOCH + timedelta(days=row["first"]), row["within"], row["synthetic"])


def earlier(month: date, months: int) -> date:
    """The first of the month so many before."""
    number = month.year * 12 + month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
