"""A tiers document, checked whole."""

from typing import Any

import pytest
import yaml

from tierfeed.domain import yamls
from tierfeed.domain.tiers import Tier, parse_tiers
from tierfeed.errors import ConfigError
from tierfeed.settings import TIERS_FILE


def built_in() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(TIERS_FILE.read_text())
    return document


def parsed(document: Any) -> tuple[Tier, ...]:
    return parse_tiers(yamls.read(yaml.safe_dump(document, sort_keys=False), "tiers.yaml"))


def test_the_built_in_tiers_are_the_documents() -> None:
    free, pro, enterprise = parsed(built_in())
    assert [tier.interval_us // 1000 for tier in (free, pro, enterprise)] == [1000, 100, 10]
    assert [tier.depth_hours for tier in (free, pro, enterprise)] == [1, 24, 168]
    assert [tier.brokers for tier in (free, pro, enterprise)] == [
        ("fxcm",),
        ("ic_markets", "fxcm"),
        ("ic_markets", "pepperstone", "fxcm"),
    ]
    assert [tier.redundancy for tier in (free, pro, enterprise)] == [1, 2, 3]
    assert [tier.latency_us for tier in (free, pro, enterprise)] == [50_000, 5_000, 1_000]
    assert [tier.quality for tier in (free, pro, enterprise)] == ["basic", "standard", "premium"]
    assert (free.carries("GBPUSD"), free.carries("USDJPY"), enterprise.carries("USDJPY")) == (True, False, True)
    assert pro.price_microusd == 49_000_000
    assert [tier.emergency for tier in (free, pro, enterprise)] == [("ic_markets",), ("pepperstone",), ()]


@pytest.mark.parametrize("emergency", ["fxcm", ["oanda", "oanda"], ["oanda", "fxcm"], [1]])
def test_brokers_for_an_emergency_are_others_each_once(emergency: object) -> None:
    document = built_in()
    document["pro"] |= {"emergency": emergency}
    with pytest.raises(ConfigError, match=r"pro\.emergency must"):
        parsed(document)


def test_every_problem_is_told_at_once_with_what_it_was() -> None:
    document = built_in()
    document["free"] |= {"features": ["basic_price", "broker_comparison"], "price_usd": 4.9, "latency_ms": 0}
    document["pro"] |= {"color": "red", "quality": "", "price_usd": "0.0000001"}
    document["gold"] = None
    with pytest.raises(ConfigError) as caught:
        parsed(document)
    told = "\n".join(caught.value.problems)
    for word in ("free.features", "free.price_usd", "4.9", "free.latency_ms", "color", "pro.quality", "0.0000001"):
        assert word in told
    assert "gold must map keys to values, was None" in told
    assert len(caught.value.problems) == 7


def test_a_problem_says_its_line_and_a_key_given_twice_is_one() -> None:
    text = TIERS_FILE.read_text().replace("interval_ms: 100\n", "interval_ms: 0\n  interval_ms: 0\n", 1)
    line = text.splitlines().index("  interval_ms: 0") + 1
    with pytest.raises(ConfigError) as caught:
        parse_tiers(yamls.read(text, "tiers.yaml"))
    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [f"tiers.yaml:{line + 1}:"] * 2
    assert "given twice" in caught.value.problems[0]


@pytest.mark.parametrize("percent", [0, 100, 99.99999, "99", True, -1])
def test_a_share_that_cannot_be_promised_is_told(percent: object) -> None:
    for key in ("completeness_percent", "uptime_percent"):
        document = built_in()
        document["pro"] |= {key: percent}
        with pytest.raises(ConfigError, match=f"pro.{key} must be above 0 and below 100.*{percent!r}"):
            parsed(document)


def test_shares_are_exact_millionths() -> None:
    tiers = {tier.name: (tier.completeness_ppm, tier.uptime_ppm) for tier in parsed(built_in())}
    assert tiers == {"free": (950_000, 990_000), "pro": (995_000, 999_000), "enterprise": (999_000, 999_900)}
