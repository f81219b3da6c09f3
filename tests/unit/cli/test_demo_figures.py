from collections import Counter
from typing import Any

import pytest

from analytics.summary import Summary
from collectors.port import Ledger, LedgerRow
from tierfeed.cli.audit import Audit
from tierfeed.cli.figures import Figures, Played, figures
from tierfeed.cli.tell import tell
from tierfeed.domain.words import Feed

LEDGER = Ledger(
    "fxcm",
    Feed.SIMULATED,
    (LedgerRow(0, "EURUSD", 100, lost=3, skipped=2, redelivered=4, published=90),),
    {"EURUSD": 7},
)
NONE_DROPPED = {"line_duplicate": 0, "unchanged": 0, "late": 0, "backfilled": 0, "invalid": 0}


def _played(**changes: Any) -> Played:
    given: dict[str, Any] = {"tape": "t", "speed": 10.0, "ticks": {"fxcm": 90}, "ledgers": {"fxcm": LEDGER}}
    return Played(**given | {"tiers": {"free": ("fxcm",), "pro": ("oanda", "fxcm")}} | changes)


def _audit(**changes: Any) -> Audit:
    return Audit(**{"records": Counter({"ticks.fxcm": 90, "tier.free": 10, "quality": 5})} | changes)


def _summary(**changes: Any) -> Summary:
    drops = {"broker": "fxcm", "ticks": 90, "applied": 86, "duplicate": 4, "missing": 2, **NONE_DROPPED}
    answers: dict[str, Any] = {
        "tables": [{"name": "ticks", "rows": 90}],
        "stored": [
            {"topic": "ticks.fxcm", "rows": 90, "repeated": 0},
            {"topic": "tier.free", "rows": 10, "repeated": 0},
            {"topic": "quality", "rows": 5, "repeated": 0},
        ],
        "brokers": [{"broker": "fxcm"}],
        "drops": [drops],
        "tiers": [
            {"tier": "free", "records": 10, "conflated": 76, "updates": 86, "repeated": 0, "symbols": ["EURUSD"]}
        ],
        "quality": [],
        "latency": [{"tier": "free", "records": 8, "p50_ms": 2, "p99_ms": 9}],
    }
    return Summary(**answers | changes)


def _figures(**parts: Any) -> Figures:
    return figures(
        parts.get("played", _played()), parts.get("audit", _audit()), parts.get("summary", _summary()), elapsed_s=1.26
    )


def _stored(topic: str, rows: int, repeated: int = 0) -> Summary:
    kept = [row for row in _summary().stored if row["topic"] != topic]
    return _summary(stored=[*kept, {"topic": topic, "rows": rows, "repeated": repeated}])


def test_a_run_without_trouble_has_no_problems() -> None:
    found = _figures()
    assert (found.lost, found.doubled, found.problems) == (0, 0, [])
    assert (found.published, found.rows, found.elapsed_s) == ({"fxcm": 90}, {"ticks": 90}, 1.3)


def test_what_was_done_on_purpose_stands_beside_what_was_seen() -> None:
    broker = _figures().brokers["fxcm"]
    assert (broker["feed"], broker["lost_on_purpose"], broker["doubled_on_purpose"]) == ("simulated", 5, 4)
    assert (broker["skipped_on_purpose"], broker["missing_seen"]) == (2, 2)
    assert (broker["duplicates_seen"], broker["line_doubled"]) == (4, 7)


def test_a_recorded_broker_is_called_real() -> None:
    played = _played(ledgers={"fxcm": Ledger("fxcm", Feed.REPLAY, LEDGER.rows)})
    assert _figures(played=played).brokers["fxcm"]["feed"] == "real"


def test_a_tick_that_did_not_reach_kafka_is_lost() -> None:
    assert _figures(played=_played(ticks={"fxcm": 92})).lost == 2


@pytest.mark.parametrize("topic", ["ticks.fxcm", "tier.free", "quality"])
def test_a_record_that_did_not_reach_clickhouse_is_lost(topic: str) -> None:
    found = _figures(summary=_stored(topic, _audit().records[topic] - 1))
    assert (found.lost, found.problems) == (1, ["1 records are lost"])


def test_a_doubled_row_does_not_make_up_for_a_lost_one() -> None:
    found = _figures(summary=_stored("tier.free", 10, repeated=1))
    assert (found.lost, found.doubled) == (1, 1)


def test_a_composite_that_was_published_twice_is_doubled() -> None:
    tiers = [_summary().tiers[0] | {"repeated": 3}]
    assert _figures(summary=_summary(tiers=tiers)).doubled == 3


def test_a_tick_too_many_on_kafka_is_doubled() -> None:
    assert _figures(played=_played(ticks={"fxcm": 89})).doubled == 1


def test_a_tick_of_which_nothing_became_is_a_problem() -> None:
    drops = [_summary().drops[0] | {"applied": 85}]
    found = _figures(summary=_summary(drops=drops))
    assert found.conservation["ticks"]["held"] == 1
    assert found.problems == ["ticks: 1 neither came out nor were dropped"]


def test_dead_letters_are_part_of_the_balance() -> None:
    audit = _audit(unreadable=Counter({"ticks.fxcm": 2}), letters=Counter({("ticks.fxcm", "stream"): 2}))
    found = _figures(audit=audit)
    assert found.conservation["ticks"] == {"in": 92, "applied": 86, "dropped": 4, "dead_lettered": 2, "held": 0}


def test_an_invalid_tick_is_dead_lettered_and_not_counted_twice() -> None:
    drops = [_summary().drops[0] | {"applied": 85, "invalid": 1}]
    audit = _audit(letters=Counter({("ticks.fxcm", "stream"): 1}))
    assert _figures(summary=_summary(drops=drops), audit=audit).conservation["ticks"]["held"] == 0


def test_a_composite_neither_published_nor_conflated_is_a_problem() -> None:
    tiers = [_summary().tiers[0] | {"updates": 87}]
    assert _figures(summary=_summary(tiers=tiers)).problems == ["tier free: 1 neither came out nor were dropped"]


def test_a_bad_row_that_was_not_dead_lettered_is_a_problem() -> None:
    played = _played(ledgers={"fxcm": Ledger("fxcm", Feed.REPLAY, LEDGER.rows, dead=1)})
    assert _figures(played=played).problems == ["the tape has 1 bad rows, 0 are dead-lettered"]


def test_a_tier_without_a_figure_says_why() -> None:
    latency = _figures().latency_ms
    assert latency["free"] == {"p50": 2, "p99": 9, "records": 8}
    assert (latency["pro"]["p50"], latency["pro"]["reason"]) == (None, "no record of this tier was released at once")


def test_at_full_speed_no_tier_has_a_latency() -> None:
    found = _figures(played=_played(speed=0.0))
    assert found.speed == "max"
    assert {entry["p50"] for entry in found.latency_ms.values()} == {None}
    assert all("--speed max" in entry["reason"] for entry in found.latency_ms.values())


def test_a_tier_that_carries_nothing_of_the_tape_is_there_with_zeros() -> None:
    assert _figures().tiers["pro"] == {"published": 0, "conflated": 0, "updates": 0, "symbols": []}


def test_a_broker_of_some_tier_is_not_told_to_be_in_none() -> None:
    assert _figures().in_no_tier == []
    assert _figures(played=_played(tiers={"free": ("oanda",), "pro": ("oanda", "fxcm")})).in_no_tier == []


def test_a_broker_that_no_tier_names_is_told_and_is_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    found = _figures(played=_played(tiers={"free": ("oanda",), "pro": ("oanda",)}))
    assert (found.in_no_tier, found.document()["in_no_tier"], found.problems) == (["fxcm"], ["fxcm"], [])
    tell(found, None)
    assert "fxcm is in no tier: what it says reaches no composite" in capsys.readouterr().out


def test_the_summary_says_nothing_of_tiers_where_every_broker_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    tell(_figures(), None)
    assert "in no tier" not in capsys.readouterr().out
