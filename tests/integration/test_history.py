"""History is cut exactly where the tier's depth ends, and shows what the tier shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from analytics.history import cut, served
from infra import clickhouse as ch
from sinks.setup import migrate
from tierfeed.settings import TIERS_FILE, ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

FREE, PRO, ENTERPRISE = Settings.model_construct(tiers_file=TIERS_FILE).tiers()
NOW = datetime(2026, 11, 26, 12, 0, 0, 123_456, UTC)
US = timedelta(microseconds=1)
AN_HOUR_AGO = NOW - timedelta(hours=1)


@pytest.fixture
def published(database: ClickHouseSettings) -> Callable[..., None]:
    migrate(Settings(clickhouse=database))
    client = ch.client(database)
    client.command("ALTER TABLE tier_quotes REMOVE TTL")

    def publish(tier: str, *times: datetime) -> None:
        columns = ["tier", "symbol", "state", "published_time", "upto_sequence", "bid", "spread", "bid_broker"]
        columns += ["brokers.broker", "brokers.status", "brokers.bid", "brokers.ask", "brokers.bid_size"]
        columns += ["brokers.ask_size", "brokers.event_time", "brokers.received_time"]
        rest = [1.1, 0.1, "fxcm", ["fxcm"], ["ELIGIBLE"], [1.1], [1.2], [None], [None], [None], [None]]
        rows = [[tier, "EURUSD", "NORMAL", at, number, *rest] for number, at in enumerate(times)]
        client.insert("tier_quotes", rows, column_names=columns)

    return publish


def test_a_record_at_the_very_depth_is_served_and_one_a_microsecond_older_is_not(
    database: ClickHouseSettings, published: Callable[..., None]
) -> None:
    published("free", AN_HOUR_AGO - US, AN_HOUR_AGO, NOW - US, NOW)
    span = cut(FREE, NOW - timedelta(days=2), NOW, NOW)
    assert span.is_cut
    times = [record["published_time"] for record in served(database, FREE, "EURUSD", span)]
    assert [at.replace(tzinfo=UTC) for at in times] == [AN_HOUR_AGO, NOW - US]


def test_what_lies_within_the_depth_is_not_cut() -> None:
    assert not cut(FREE, AN_HOUR_AGO, NOW, NOW).is_cut
    assert cut(FREE, AN_HOUR_AGO - US, NOW, NOW).is_cut
    assert not cut(ENTERPRISE, NOW - timedelta(hours=168), NOW, NOW).is_cut


def test_a_record_shows_what_the_tier_shows(database: ClickHouseSettings, published: Callable[..., None]) -> None:
    shown = {}
    for tier in (FREE, PRO, ENTERPRISE):
        published(tier.name, NOW - US)
        (shown[tier.name],) = served(database, tier, "EURUSD", cut(tier, AN_HOUR_AGO, NOW, NOW))
    assert "spread" not in shown["free"]
    assert shown["pro"]["spread"] == 0.1
    assert "bid_broker" not in shown["pro"]
    (broker,) = shown["enterprise"]["brokers"]
    assert (broker["broker"], broker["status"], broker["ask"]) == ("fxcm", "ELIGIBLE", 1.2)
