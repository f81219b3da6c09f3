"""Credits for uptime that was not kept: proposed from the evidence, decided by a person, each once. Money is whole
millionths of a dollar.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.sla.customers import Bought
from analytics.sla.slices import FORMULA
from analytics.sla.store import Store
from analytics.summary import Row
from infra import clickhouse
from tierfeed.domain.market import month_of
from tierfeed.domain.objectives import MILLION, Objective
from tierfeed.domain.tiers import PPM_OF_PERCENT
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings, SlaSettings

GRACE: Final = timedelta(hours=72)
"""What comes late for a month still counts until so long after it."""
COLUMNS: Final = (
    "tenant", "month", "step", "tier", "fee_microusd", "percent", "amount_microusd", "good", "total", "target_ppm",
    "evidence", "decided_by", "note", "at", "formula",
)  # fmt: skip
NOBODY: Final = "tierfeed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a tenant is owed of a month's fee, and why."""

    tenant: str
    month: str
    tier: str
    fee_microusd: int
    percent: int
    amount_microusd: int
    good: int
    total: int
    target_ppm: int
    evidence: str


def percent_of(good: int, total: int, target_ppm: int, settings: SlaSettings) -> int:
    """Of the fee: the largest that applies, none where the promise was kept."""
    if total == 0 or good * MILLION >= target_ppm * total:
        return 0
    steps = [credit for below, credit in settings.credits if Fraction(100 * good, total) < Fraction(str(below))]
    return max([settings.credit_percent, *steps])


def amount_of(fee_microusd: int, percent: int) -> int:
    """Rounded half up."""
    return (fee_microusd * percent + 50) // 100


class Credits:
    """Everything raises UpstreamError."""

    def __init__(self, clickhouse: ClickHouseSettings, settings: SlaSettings) -> None:
        self._clickhouse, self._settings = clickhouse, settings

    def propose(self, month: str, now: datetime | None = None) -> list[Proposal]:
        """Propose what is owed for a month and not proposed yet; that alone. Raises ConfigError before it is over."""
        start, end = month_of(month)
        now = now or datetime.now(UTC)
        if now < end + GRACE:
            raise ConfigError(f"{month} can be judged from {end + GRACE:%F %R}Z on: what comes late until then counts")
        store = Store(self._clickhouse)
        try:
            known = {row["tenant"] for row in store.ask("credits", {"month": month})}
            customers = store.customers(start, end)
            owed = [self._owed(store, each, month, end) for tenant, each in customers.items() if tenant not in known]
        finally:
            store.close()
        found = [proposal for proposal in owed if proposal is not None]
        self._keep([(*_head(proposal, "PROPOSED"), NOBODY, "", now, FORMULA) for proposal in found])
        return found

    def _owed(self, store: Store, bought: Bought, month: str, end: datetime) -> Proposal | None:
        fee, target_ppm, subject = bought.price_microusd, bought.uptime_ppm, bought.subject
        if not fee or target_ppm is None:
            return None  # who pays nothing is owed nothing
        since, until = int(bought.since.timestamp()), int(end.timestamp())
        rows = store.judged(subject, since, until, max(until - since, 1))
        row = next((each for each in rows if each["objective"] == Objective.UPTIME), None)
        if row is None:
            return None
        percent = percent_of(row["good"], row["total"], target_ppm, self._settings)
        if percent == 0:
            return None
        asked = {"tier": subject.tier, "symbols": sorted(subject.symbols or ()), "from": bought.since, "to": end}
        evidence = _told(store.ask("sla_bad", asked))
        return Proposal(
            subject.name, month, subject.tier, fee, percent, amount_of(fee, percent), row["good"], row["total"],
            target_ppm, evidence,
        )  # fmt: skip

    def rows(self, month: str = "") -> list[Row]:
        """What was proposed and decided; see sql/credits.sql."""
        store = Store(self._clickhouse)
        try:
            return store.ask("credits", {"month": month})
        finally:
            store.close()

    def decide(self, tenants: Sequence[str], month: str, step: str, who: str, note: str) -> list[Row]:
        """APPROVED or REJECTED. Raises ConfigError, with every problem, where one is not proposed or decided already;
        then nothing is decided.
        """
        month_of(month)
        rows = {row["tenant"]: row for row in self.rows(month)}
        problems = [_problem(tenant, month, rows.get(tenant), step) for tenant in tenants]
        if told := [problem for problem in problems if problem]:
            raise ConfigError(told)
        fresh = [rows[tenant] for tenant in tenants if rows[tenant]["state"] == "proposed"]
        now = datetime.now(UTC)
        self._keep([(*_head(_proposal(row), step), who, note, now, FORMULA) for row in fresh])
        again = {row["tenant"]: row for row in self.rows(month)}
        return [again[tenant] for tenant in tenants]

    def _keep(self, rows: Iterable[tuple[Any, ...]]) -> None:
        if not (listed := list(rows)):
            return
        try:
            client = clickhouse.client(self._clickhouse)
            client.insert("credits", listed, column_names=COLUMNS)
            client.close()
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._clickhouse.url}: {error}") from error


def _problem(tenant: str, month: str, row: Mapping[str, Any] | None, step: str) -> str | None:
    if row is None:
        return f"no credit of {month} was proposed for {tenant}: `tierfeed credits list --month {month}` shows them"
    if row["state"] not in ("proposed", step.lower()):
        return f"the credit of {month} for {tenant} was {row['state']} by {row['decided_by']}"
    return None


def _head(proposal: Proposal, step: str) -> tuple[Any, ...]:
    return (
        proposal.tenant, month_of(proposal.month)[0].date(), step, proposal.tier, proposal.fee_microusd,
        proposal.percent, proposal.amount_microusd, proposal.good, proposal.total, proposal.target_ppm,
        proposal.evidence,
    )  # fmt: skip


def _proposal(row: Row) -> Proposal:
    names = ("tenant", "month", "tier", "fee_microusd", "percent", "amount_microusd", "good", "total")
    target_ppm = round(row["target_percent"] * PPM_OF_PERCENT)
    return Proposal(**{name: row[name] for name in names}, target_ppm=target_ppm, evidence=row["evidence"])


def _told(causes: Iterable[Row]) -> str:
    return "; ".join(
        f"{row['slices']:,} × {row['cause']}, {row['first']:%F %T} to {row['last']:%F %T}" for row in causes
    )
