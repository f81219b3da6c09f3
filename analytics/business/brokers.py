"""What each broker costs, how good it is, what it earns, and what would be lost without it (SEMANTICS 7)."""

from datetime import UTC, date, datetime, time, timedelta

from analytics.business.broker_figures import Answers, report
from analytics.business.broker_page import page
from analytics.business.broker_report import FORMULA, BrokerCostReport
from analytics.business.broker_revenue import attribute
from analytics.figures import Measured
from analytics.summary import Questions, Row
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings

__all__ = ["BrokerBusinessAnalytics", "BrokerCostReport", "page"]


class BrokerBusinessAnalytics:
    """Asks ClickHouse what brokers cost and bring."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings

    def generate_broker_cost_analysis(self, period_days: int = 30, until: date | None = None) -> BrokerCostReport:
        """Over the days before `until`, which is today in UTC where it is left out.

        Raises ConfigError where there is no day in the period, UpstreamError.
        """
        if period_days < 1:
            raise ConfigError(f"period_days must be at least 1, was {period_days}")
        now = datetime.now(UTC)
        end = until or now.date()
        try:
            start = end - timedelta(days=period_days)
        except OverflowError as error:
            raise ConfigError(f"period_days reaches back before all dates, was {period_days}") from error
        answers = self._asked(start, end)
        told = Measured(
            subject="brokers",
            start=datetime.combine(start, time(), UTC),
            end=datetime.combine(end, time(), UTC),
            formula_version=FORMULA,
            computed_at=now,
        )
        return report(answers, told, period_days)

    def _asked(self, start: date, end: date) -> Answers:
        questions = Questions(self._settings)
        span = {"from": start, "to": end}
        try:
            names = ("quality", "charges", "contracts", "satisfaction", "at_risk", "consumed")
            rows = {name: questions.ask(f"brokers_{name}", span) for name in names}
        finally:
            questions.close()
        contracts: dict[str, list[Row]] = {}
        for row in rows["contracts"]:
            contracts.setdefault(row["broker"], []).append(row)
        by_broker = {name: {row["broker"]: row for row in rows[name]} for name in names[:-1]}
        return Answers(
            quality=by_broker["quality"],
            charges=by_broker["charges"],
            contracts=contracts,
            satisfaction=by_broker["satisfaction"],
            at_risk=by_broker["at_risk"],
            revenue=attribute(rows["consumed"]),
        )
