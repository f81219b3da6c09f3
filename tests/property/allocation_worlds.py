"""Random months: who consumed, what was published, and charges with rules for them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from analytics.allocation.charges import Charge
from analytics.allocation.rules import Class, Dimension, Method, Metric, Rule, Rules
from analytics.allocation.world import Names, World, cells_of

FIRST, AFTER = date(2026, 11, 1), date(2026, 12, 1)
TENANTS, TIERS, BROKERS, SYMBOLS = (
    ("acme", "globex", "initech"),
    ("free", "pro"),
    ("fxcm", "oanda"),
    ("EURUSD", "USDJPY"),
)
FOUND = {Dimension.TENANT: TENANTS, Dimension.TIER: TIERS, Dimension.BROKER: BROKERS, Dimension.SYMBOL: SYMBOLS}
HUGE = 1 << 60
"""Of micro-dollars: some of these still add up within 64 bits, and none of their products with a weight does."""

days = st.integers(0, 29)
weights = st.one_of(st.integers(0, 20), st.integers(0, 1 << 40))
nobody = st.just("")
tiers, tenants, symbols = st.sampled_from(TIERS), st.sampled_from(TENANTS), st.sampled_from(SYMBOLS)
consumed = st.lists(st.tuples(days, tenants, tiers, st.sampled_from(("", *BROKERS)), symbols, weights), max_size=12)
published = st.lists(st.tuples(days, nobody, tiers, nobody, symbols, weights), max_size=8)
sent = st.lists(st.tuples(days, tenants, st.sampled_from(("", *TIERS)), nobody, nobody, weights), max_size=8)
amounts = st.one_of(st.integers(-(10**12), 10**12), st.integers(-HUGE, HUGE))
tags = st.fixed_dictionaries(
    {},
    optional={
        "broker": st.sampled_from(("fxcm", "oanda", "unknown")),
        "tenant": st.sampled_from((*TENANTS, "hooli")),
        "provisioned": st.sampled_from(("100", "0", "7.5", "none")),
        "used": st.sampled_from(("0", "33.3", "100", "250")),
    },
)


@st.composite
def charges(draw: st.DrawFn) -> tuple[Charge, ...]:
    found = []
    for number in range(draw(st.integers(1, 5))):
        start = FIRST + timedelta(days=draw(st.integers(-40, 29)))
        found.append(
            Charge(
                charge=f"c{number}",
                start=start,
                end=start + timedelta(days=draw(st.integers(0, 70))),
                microusd=draw(amounts),
                service_name=draw(st.sampled_from(("a", "b", "c", "d"))),
                tags=draw(tags),
            )
        )
    return tuple(found)


def _by(*metrics: Metric, by: tuple[Dimension, ...] = (), **more: object) -> dict[str, object]:
    shape = {"method": Method.PROPORTIONAL, "metrics": metrics, "by": frozenset({Dimension.TIER, *by})}
    return shape | more


SHAPES: Mapping[str, dict[str, object]] = {
    "consumed": _by(Metric.CONSUMED_TICKS),
    "finest": _by(Metric.CONSUMED_TICKS, by=(Dimension.BROKER, Dimension.SYMBOL)),
    "of broker": _by(Metric.CONSUMED_TICKS_OF_BROKER, scope={Dimension.BROKER: ("tag:broker",)}),
    "bytes": _by(Metric.NETWORK_BYTES, Metric.CONSUMED_TICKS),
    "published": _by(Metric.TIER_BYTES, Metric.PUBLISHED_ROWS),
    "published, consumed": _by(Metric.PUBLISHED_ROWS, by=(Dimension.SYMBOL,), then="consumed_ticks"),
    "even": {"method": Method.EVEN},
    "even of tier": {"method": Method.EVEN, "scope": {Dimension.TIER: ("pro",)}},
    "own": {"method": Method.EVEN, "scope": {Dimension.TENANT: ("tag:tenant",)}},
    "fixed": {
        "method": Method.FIXED,
        "shares_over": Dimension.TENANT,
        "shares": {"acme": 3, "hooli": 1, "globex": 0},
    },
    "fixed tiers": {"method": Method.FIXED, "shares_over": Dimension.TIER, "shares": {"pro": 70, "free": 30}},
    "idle": {"method": None, "kind": Class.IDLE},
    "overhead": _by(Metric.DIRECT_COST, kind=Class.OVERHEAD),
}


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    found = []
    for service in ("a", "b", "c"):
        if (name := draw(st.sampled_from((None, *SHAPES)))) is None:
            continue
        rule = Rule(
            id=name,
            version="1",
            kind=draw(st.sampled_from((Class.DIRECT, Class.SHARED))),
            match={"service_name": (service,)},
            is_idle_shared=draw(st.booleans()),
            are_quiet_days_shared=draw(st.booleans()),
        )
        found.append(replace(rule, id=f"{service}, {name}", **SHAPES[name]))  # type: ignore[arg-type]
    return Rules(tuple(found))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Of names that `rules` and `charges` speak of."""
    names = Names({each: tuple(sorted({"", "hooli", "unknown", *FOUND[each]})) for each in Dimension})
    told = {
        Metric.CONSUMED_TICKS: draw(consumed),
        Metric.PUBLISHED_ROWS: draw(published),
        Metric.NETWORK_BYTES: draw(sent),
    }
    return World(FIRST, AFTER, names, {metric: cells_of(rows, names) for metric, rows in told.items() if rows})
