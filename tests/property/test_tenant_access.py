"""The laws of one tenant's filtered stream."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.access import DataAccessController, Delivered, Held, Refusal, Refused, Tick, UnknownTenantError
from tierfeed.domain.features import FIELDS, Feature
from tierfeed.domain.tenants import Tenant
from tierfeed.settings import TIERS_FILE, Settings

TIERS = {tier.name: tier for tier in Settings.model_construct(tiers_file=TIERS_FILE).tiers()}
TENANTS = {name: Tenant(id=name, name=name, tier=name) for name in TIERS}


def tick(symbol: str = "EURUSD", upto: int = 1, conflated: int = 0, **fields: Any) -> Tick:
    values = {name: None for names in FIELDS.values() for name in names}
    lists = {"brokers": [{"broker": "pepperstone"}, {"broker": "fxcm"}], "sources": [{"broker": "fxcm", "offset": 7}]}
    return {**values, **lists, "symbol": symbol, "upto_sequence": upto, "conflated_count": conflated, **fields}


def controller() -> DataAccessController:
    return DataAccessController(TENANTS, TIERS)


moves = st.lists(st.tuples(st.sampled_from(["EURUSD", "GBPUSD"]), st.integers(0, 3), st.integers(0, 700_000)))


def stream(tenant: str, given_moves: list[tuple[str, int, int]]) -> Iterator[tuple[int, Tick]]:
    """(time, tick) of everything that one tenant gets, timers on time, and what is still due at the end."""
    access, now_us, upto = controller(), 0, {"EURUSD": 0, "GBPUSD": 0}
    for symbol, conflated, pause_us in given_moves:
        until_us = now_us + pause_us
        while (due_us := access.next_due_us()) is not None and due_us <= until_us:
            for _, delivered in access.due(due_us):
                yield due_us, delivered.tick
        now_us = until_us
        upto[symbol] += conflated + 1
        match access.filter_data_for_tenant(tenant, tick(symbol, upto[symbol], conflated), now_us):
            case Delivered(got):
                yield now_us, got
            case Held(due_us):
                assert due_us > now_us
    while (due_us := access.next_due_us()) is not None:
        for _, delivered in access.due(due_us):
            yield due_us, delivered.tick


@pytest.mark.parametrize("tenant", TENANTS)
@given(moves)
def test_updates_are_an_interval_apart_none_is_unaccounted_for_and_the_last_always_comes(
    tenant: str, given_moves: list[tuple[str, int, int]]
) -> None:
    got = list(stream(tenant, given_moves))
    for symbol in ("EURUSD", "GBPUSD"):
        mine = [(at_us, update) for at_us, update in got if update["symbol"] == symbol]
        assert all(after - before >= TIERS[tenant].interval_us for (before, _), (after, _) in pairwise(mine))
        told = 0
        for _, update in mine:
            assert update["upto_sequence"] - update["conflated_count"] - 1 == told
            told = update["upto_sequence"]
        assert told == sum(conflated + 1 for of, conflated, _ in given_moves if of == symbol)


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_tenant_sees_the_fields_of_its_features_and_no_other(tenant: str) -> None:
    outcome = controller().filter_data_for_tenant(tenant, tick(), 0)
    assert isinstance(outcome, Delivered)
    assert set(outcome.tick) == {name for feature in TIERS[tenant].features for name in FIELDS[feature]}
    assert (Feature.BROKER_COMPARISON in TIERS[tenant].features) == ("brokers" in outcome.tick)


def test_brokers_that_the_tier_does_not_have_are_not_named() -> None:
    outcome = controller().filter_data_for_tenant("free", tick(sources=[{"broker": "pepperstone", "offset": 1}]), 0)
    assert isinstance(outcome, Delivered)
    assert outcome.tick["sources"] == []


def test_a_symbol_is_refused_by_the_tier_or_by_the_contract() -> None:
    narrow = Tenant(id="narrow", name="N", tier="pro", symbols=frozenset({"EURUSD"}))
    access = DataAccessController({**TENANTS, "narrow": narrow}, TIERS)
    asked = [("free", "USDJPY"), ("narrow", "GBPUSD"), ("narrow", "NZDUSD")]
    assert [access.filter_data_for_tenant(tenant, tick(symbol), 0) for tenant, symbol in asked] == [
        Refused(Refusal.SYMBOL_OF_ANOTHER_TIER),
        Refused(Refusal.SYMBOL_NOT_BOUGHT),
        Refused(Refusal.SYMBOL_OF_ANOTHER_TIER),
    ]
    assert access.next_due_us() is None


def test_nothing_is_seen_outside_the_contract() -> None:
    ended = Tenant(id="ended", name="E", tier="free", contract_to=date(1970, 1, 2))
    access, day_us = DataAccessController({"ended": ended}, TIERS), 86_400_000_000
    assert isinstance(access.filter_data_for_tenant("ended", tick(), day_us - 1), Delivered)
    assert access.filter_data_for_tenant("ended", tick(), day_us) == Refused(Refusal.NO_CONTRACT)


def test_the_depth_is_the_tiers_and_a_stranger_is_told_so() -> None:
    assert [controller().get_tenant_historical_depth(tenant) for tenant in TENANTS] == [1, 24, 168]
    with pytest.raises(UnknownTenantError, match="'nobody'"):
        controller().filter_data_for_tenant("nobody", tick(), 0)
