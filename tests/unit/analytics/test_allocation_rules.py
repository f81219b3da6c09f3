"""A rules document, checked whole."""

import pytest

from analytics.allocation.charges import Charge
from analytics.allocation.rules import Class, Dimension, Metric, Rules, parse_rules
from tests.unit.analytics.test_allocation import FIRST, charge
from tierfeed.domain import yamls
from tierfeed.errors import ConfigError
from tierfeed.settings import ALLOCATION_FILE

WRONG = """\
a:
  version: 1
  class: costly
  match: {service: "x", tags: {broker: 7}}
  method: proportional
  metric: [consumed_ticks, vibes]
b:
  version: "1"
  class: shared
  method: fixed
  shares: {tier: {pro: 1.5, free: 1}}
  metric: consumed_ticks
  color: red
c:
  version: "1"
  class: direct
  method: proportional
  metric: direct_cost
  scope: {planet: mars}
  by: [tenant]
d:
  version: "1"
  class: direct
  method: proportional
  metric: consumed_ticks_of_broker
  then: even
e: []
f: {version: "1", class: idle, by: [symbol]}
g: {version: "1", class: shared, method: even, by: [symbol], idle: never, quiet_days: [1]}
h: {version: "1", class: shared, method: proportional, metric: [network_bytes, published_rows]}
a: {version: "1", class: direct, method: even}
"""


def parsed(text: str) -> Rules:
    return parse_rules(yamls.read(text, "rules.yaml"))


def test_every_problem_is_told_at_once_with_its_line_and_what_it_was() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(WRONG.replace("a: {v", "z: {v"))
    told = list(caught.value.problems)
    assert len(told) == 19, "\n".join(told)
    for start in (
        'rules.yaml:2: a.version must be a text in quotes, such as "1", was 1',
        "rules.yaml:3: a.class must be one of direct, shared, idle, overhead, was 'costly'",
        "rules.yaml:4: a.match.service is not known; there are service_name,",
        "rules.yaml:4: a.match.tags.broker must be a glob or a list of them, was 7",
        "rules.yaml:6: a.metric must be one of consumed_ticks,",
        "rules.yaml:11: b.shares.tier.pro must be a whole number from 0 to 1,000,000,000, was 1.5",
        "rules.yaml:12: b.metric belongs to method proportional, was beside 'fixed'",
        "rules.yaml:13: b.color is not known",
        "rules.yaml:18: c.metric direct_cost belongs to class overhead",
        "rules.yaml:19: c.scope.planet is not known",
        "rules.yaml:20: c.by must be a list of tier, broker, symbol, was ['tenant']",
        "rules.yaml:25: d.metric consumed_ticks_of_broker needs scope.broker",
        "rules.yaml:26: d.then is of no use: the metric knows tenants",
        "rules.yaml:27: e must map keys to values, was []",
        "rules.yaml:28: f.by is of no use without a method",
        "rules.yaml:29: g.by must have none but what is known here, and symbol is not",
        "rules.yaml:29: g.idle must be one of own_line, share, was 'never'",
        "rules.yaml:29: g.quiet_days must be one of month, unallocated, was [1]",
        "rules.yaml:30: h.metric must be all of tenants, or all of tiers",
    ):
        assert any(problem.startswith(start) for problem in told), f"{start}\n\n" + "\n".join(told)


def test_a_rule_that_is_given_twice_is_a_problem() -> None:
    with pytest.raises(ConfigError, match=r"rules.yaml:31: a is given twice"):
        parsed(WRONG)


@pytest.mark.parametrize("text", ["[]", "''", "{}", "~"])
def test_a_document_without_rules_is_none(text: str) -> None:
    with pytest.raises(ConfigError, match="must map rules' ids to rules"):
        parsed(text)


def test_the_first_rule_that_fits_is_the_rule() -> None:
    rules = parsed(
        """
        line: {version: "1", class: direct, method: even, match: {service_name: [x, "net*"], tags: {broker: "ic*"}}}
        network: {version: "2", class: shared, method: even, match: {service_name: [NETWORK, "*bandwidth*"]}}
        rest: {version: "1", class: overhead, method: even}
        """
    )

    def fit(**of: object) -> str | None:
        rule = rules.of(charge("c", 1, **of))
        return rule and rule.id

    assert fit(service_name="Network", tags={"broker": "ic_markets"}) == "line"
    assert fit(service_name="Network", tags={"broker": "fxcm"}) == "network"
    assert fit(service_name="dedicated Bandwidth") == "network"
    assert fit() == "rest"
    assert Rules(rules.rules[:2]).of(charge("c", 1)) is None


def test_the_built_in_rules_leave_no_charge_without_one() -> None:
    rules = parse_rules(yamls.read(ALLOCATION_FILE.read_text(), ALLOCATION_FILE.name))
    assert rules.of(Charge(charge="c", start=FIRST, end=FIRST, microusd=1)) is rules.rules[-1]
    by_id = {rule.id: rule for rule in rules.rules}
    assert by_id["kafka"].metrics == (Metric.NETWORK_BYTES, Metric.CONSUMED_TICKS)
    storage = by_id["kafka_storage"]
    assert (storage.metrics, storage.then) == (
        (Metric.TIER_BYTES, Metric.RETAINED_ROWS),
        "even",
    )
    assert by_id["brokers"].scope == {Dimension.BROKER: ("tag:broker",)}
    assert by_id["workers"].metrics == (Metric.PUBLISHED_ROWS,)
    assert by_id["rest"].kind is Class.OVERHEAD
