"""Revenue per user from real ClickHouse, and without one."""

from datetime import UTC, datetime

import pytest

from analytics.business.profit_report import revenue_per_user
from analytics.figures import Status
from infra import clickhouse
from sinks.setup import migrate
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse
NOW = datetime(2026, 10, 1, 6, tzinfo=UTC)


def test_the_mean_is_over_tenants_with_revenue_of_the_30_days_before_today(database: ClickHouseSettings) -> None:
    migrate(Settings(clickhouse=database))
    nothing = revenue_per_user(database, NOW)
    assert (nothing.per_user_microusd, nothing.status) == (None, Status.INSUFFICIENT_DATA)
    assert nothing.reason == "no tenant had revenue from 2026-09-01 to 2026-10-01"
    client = clickhouse.client(database)
    client.command(
        "INSERT INTO ops_subscriptions_versions VALUES"
        " ('acme', '2026-08-01', NULL, 'pro', 49000000, false, 'real', 'a.csv', '2026-08-01 00:00:00'),"
        " ('globex', '2026-08-01', NULL, 'pro', 99500000, false, 'synthetic', 'a.csv', '2026-08-01 00:00:00'),"
        " ('libre', '2026-08-01', NULL, 'free', 0, false, 'real', 'a.csv', '2026-08-01 00:00:00')"
    )
    client.close()
    found = revenue_per_user(database, NOW)
    assert (found.per_user_microusd, found.tenants, found.synthetic) == (74_250_000, 2, True)
    assert found.basis == "mean of 2 tenants with revenue from 2026-09-01 to 2026-10-01, before credits"


def test_without_clickhouse_revenue_is_unknown_and_says_whom_it_asked() -> None:
    found = revenue_per_user(ClickHouseSettings(url="http://127.0.0.1:9"), NOW)
    assert (found.per_user_microusd, found.status) == (None, Status.NO_SOURCE)
    assert found.reason == (
        "revenue is unknown: ClickHouse at http://127.0.0.1:9 cannot be asked; `tierfeed doctor` tells why"
    )


def test_a_database_without_tables_is_no_revenue_of_0(database: ClickHouseSettings) -> None:
    assert revenue_per_user(database, NOW).status is Status.NO_SOURCE
