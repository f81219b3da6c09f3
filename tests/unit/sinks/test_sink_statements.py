"""The text of the statements."""

from sinks import statements
from sinks.port import Place
from sinks.tables import TICKS, TIER_QUOTES, routes
from sinks.writer import token
from tests.sink_data import batch, place, rows, tick, ticks
from tierfeed.settings import Settings


def test_a_text_cannot_end_its_literal() -> None:
    assert statements.text("a'b\\") == "'a\\'b\\\\'"


def test_the_same_offsets_have_the_same_token_whoever_sends_them() -> None:
    assert token(ticks(0, 9)) == token(ticks(0, 9, bid=1.2))


def test_other_offsets_partitions_and_topics_have_other_tokens() -> None:
    others = [
        ticks(0, 8),
        ticks(1, 9),
        ticks(0, 9, place(partition=1)),
        ticks(0, 9, place(topic_id=place("x").topic_id)),
    ]
    assert len({token(each) for each in [ticks(0, 9), *others]}) == 5


def test_an_insert_names_each_topic_once_however_many_partitions_it_has() -> None:
    parts = [(place(partition=number), batch([tick()])) for number in range(40)]
    assert statements.insert(rows(*parts), "me", [0] * 40).count(str(place().topic_id)) == 1


def test_every_stored_topic_has_one_table() -> None:
    settings = Settings(brokers=("fxcm", "oanda"))
    found = routes(settings.brokers, settings.tiers())
    assert {topic: route.table.name for topic, route in found.items()} == {
        "ticks.fxcm": "ticks", "ticks.oanda": "ticks", "tier.free": "tier_quotes", "tier.pro": "tier_quotes",
        "tier.enterprise": "tier_quotes", "quality": "quality_windows",
        "usage": "usage_ranges", "access.decisions": "access_decisions", "sla.events": "sla_events",
        "control": "control_commands",
    }  # fmt: skip
    assert {route.tier for route in found.values()} == {"", "free", "pro", "enterprise"}


def test_columns_are_the_union_of_the_records_fields() -> None:
    names = [column.name for column in TIER_QUOTES.columns]
    assert len(names) == len(set(names))
    assert {"symbol", "spread", "bid_broker", "sources.offset", "brokers.status"} <= set(names)
    by_name = {column.name: column for column in TIER_QUOTES.columns}
    assert not by_name["epoch"].nullable
    assert by_name["eligible_brokers"].nullable
    assert [column.name for column in TICKS.columns if column.nullable] == ["bid_size", "ask_size", "event_time"]


def test_a_place_tells_its_topic_and_partition() -> None:
    assert str(Place("ticks.fxcm", place().topic_id, 3)) == "ticks.fxcm/3"
