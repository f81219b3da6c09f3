"""What a plan of tenants says, and that carrying it out leaves nothing to do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from infra.acls import Acl
from tenants.entitlement import LEAST_BYTE_RATE, consumer_byte_rate, door
from tenants.plan import ClusterState, TenantPlan, plan_removal, plan_tenants
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.domain.tiers import Tier
from tierfeed.settings import TIERS_FILE, Settings

TIERS = Settings.model_construct(tiers_file=TIERS_FILE).tiers()
TODAY = date(2026, 7, 1)
EMPTY = ClusterState(secured=True)
NOBODY = Registered({}, {})

days = st.none() | st.integers(-2, 2).map(lambda days: TODAY + timedelta(days))
tenants = st.builds(
    Tenant,
    id=st.sampled_from(["acme", "globex", "initech", "umbrella"]),
    name=st.sampled_from(["A", "B"]),
    tier=st.sampled_from([tier.name for tier in TIERS]),
    symbols=st.none() | st.just(frozenset({"EURUSD"})),
    contract_from=days,
    contract_to=days,
)
files = st.lists(tenants, unique_by=lambda tenant: tenant.id).map(tuple)


def carried_out(plan: TenantPlan, cluster: ClusterState, registered: Registered) -> tuple[ClusterState, Registered]:
    """What the cluster and the registry have once the plan is done."""
    quotas = dict(cluster.quotas)
    for user, rate in plan.quotas:
        quotas.pop(user, None)
        quotas |= {} if rate is None else {user: rate}
    known: Mapping[str, Tenant] = {**registered.tenants, **{tenant.id: tenant for tenant in plan.tenants}}
    tiers: Mapping[str, Tier] = {**registered.tiers, **{tier.name: tier for tier in plan.tiers}}
    gone = {tenant.id for tenant in plan.gone_tenants} | {tier.name for tier in plan.gone_tiers}
    return (
        replace(
            cluster,
            users=cluster.users - {*plan.gone_users} | {*plan.new_users},
            acls=cluster.acls - {*plan.remove} | {*plan.add},
            quotas=quotas,
        ),
        Registered(
            {name: tenant for name, tenant in known.items() if name not in gone},
            {name: tier for name, tier in tiers.items() if name not in gone},
        ),
    )


@given(before=files, after=files, doors=st.booleans())
def test_what_was_carried_out_leaves_nothing_to_do(
    before: tuple[Tenant, ...], after: tuple[Tenant, ...], doors: bool
) -> None:
    cluster, registered = replace(EMPTY, doors=doors), NOBODY
    for declared in (before, after):
        plan = plan_tenants(declared, TIERS, cluster, registered, TODAY)
        cluster, registered = carried_out(plan, cluster, registered)
        assert plan_tenants(declared, TIERS, cluster, registered, TODAY).is_empty
    allowed = {acl.user for acl in cluster.acls}
    active = {tenant.id for tenant in after if tenant.is_active(TODAY)}
    assert allowed & {tenant.id for tenant in after} == active


@given(declared=files.filter(len))
def test_removing_takes_all_that_one_tenant_has_and_nothing_of_the_others(declared: tuple[Tenant, ...]) -> None:
    cluster, registered = carried_out(plan_tenants(declared, TIERS, EMPTY, NOBODY, TODAY), EMPTY, NOBODY)
    gone, *others = declared
    after, left = carried_out(plan_removal(gone, cluster), cluster, registered)
    rest, kept = carried_out(plan_tenants(others, TIERS, EMPTY, NOBODY, TODAY), EMPTY, NOBODY)
    assert (after, left.tenants) == (rest, kept.tenants)


def test_a_new_tenant_may_read_its_tier_and_use_its_own_groups_and_nothing_else() -> None:
    plan = plan_tenants([Tenant(id="acme", name="Acme", tier="pro")], TIERS, EMPTY, NOBODY, TODAY)
    assert {acl.what for acl in plan.add} == {
        "READ topic tier.pro",
        "READ topic tier.pro.latest",
        "READ group acme.…",
    }
    assert {acl.user for acl in plan.add} == {"acme"}
    (change,) = [change.words for change in plan.changes if change.subject == "acme"]
    for words in ("new, pro", "a password that is shown once", "may READ topic tier.pro", "1,048,576 bytes a second"):
        assert words in change


def test_doors_keep_each_right_under_a_name_of_its_own() -> None:
    plan = plan_tenants([Tenant(id="acme", name="A", tier="pro")], TIERS, replace(EMPTY, doors=True), NOBODY, TODAY)
    assert "READ topic tier.pro" in {acl.what for acl in plan.add}
    names = {acl.resource for acl in plan.add if acl.resource_type == "TOPIC"}
    assert (
        names
        == {door("tier.pro", "acme"), door("tier.pro.latest", "acme")}
        == {
            "tier.pro@acme",
            "tier.pro.latest@acme",
        }
    )


def test_a_change_of_tier_takes_the_old_rights_and_is_told_in_words() -> None:
    acme = Tenant(id="acme", name="Acme", tier="free")
    cluster, registered = carried_out(plan_tenants([acme], TIERS, EMPTY, NOBODY, TODAY), EMPTY, NOBODY)
    plan = plan_tenants([replace(acme, tier="enterprise")], TIERS, cluster, registered, TODAY)
    (change,) = plan.changes
    assert change.words.startswith("tier free → enterprise; may no longer READ topic tier.free")
    assert {acl.resource for acl in plan.remove} == {"tier.free", "tier.free.latest"}
    assert plan.new_users == ()
    assert dict(plan.quotas)["acme"] == consumer_byte_rate(TIERS[2]) > LEAST_BYTE_RATE


def test_rights_that_somebody_gave_by_hand_are_taken_away() -> None:
    acme = Tenant(id="acme", name="Acme", tier="free")
    cluster, registered = carried_out(plan_tenants([acme], TIERS, EMPTY, NOBODY, TODAY), EMPTY, NOBODY)
    extra = Acl("acme", "TOPIC", "tier.", "PREFIXED", "READ")
    plan = plan_tenants([acme], TIERS, replace(cluster, acls=cluster.acls | {extra}), registered, TODAY)
    assert (plan.add, plan.remove) == ((), (extra,))


def test_a_cluster_without_an_authorizer_keeps_nobody_out_and_the_plan_says_so() -> None:
    plan = plan_tenants([Tenant(id="acme", name="A", tier="pro")], TIERS, ClusterState(secured=False), NOBODY, TODAY)
    assert (plan.new_users, plan.add, plan.quotas) == ((), (), ())
    assert [tenant.id for tenant in plan.tenants] == ["acme"]
    assert any("no authorizer" in note for note in plan.notes)


def test_the_plan_says_what_it_leaves_alone_and_what_kafka_cannot_keep() -> None:
    narrow = Tenant(id="acme", name="A", tier="pro", symbols=frozenset({"EURUSD"}))
    later = Tenant(id="globex", name="G", tier="free", contract_from=TODAY + timedelta(1))
    ended = Tenant(id="initech", name="I", tier="free", contract_to=TODAY)
    known = Registered({"umbrella": Tenant(id="umbrella", name="U", tier="free")}, {})
    cluster = replace(EMPTY, users=frozenset({"stranger", "sinks", "umbrella"}))
    notes = "\n".join(plan_tenants([narrow, later, ended], TIERS, cluster, known, TODAY).notes)
    assert "acme: EURUSD binds in the SDK" in notes
    assert "can read all of tier pro" in notes
    assert "globex: may read from 2026-07-02 on" in notes
    assert "initech: its contract ended on 2026-07-01" in notes
    assert "umbrella: is in no file any more" in notes
    assert "stranger: is a user of the cluster that is no tenant" in notes
    assert "sinks" not in notes
