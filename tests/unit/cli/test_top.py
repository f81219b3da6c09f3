"""The screen of `tierfeed top`."""

import io
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from analytics.top import Snapshot, _at_risk
from tierfeed.cli.top import drawn
from tierfeed.domain.tenants import Registered, Tenant

NOW = datetime(2026, 11, 26, 9, 0, 0, tzinfo=UTC)


def broker(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "broker": name, "ticks_per_s": 1234.5, "latency_p50_ms": 12.3, "missing": 0, "faulty": 7, "silent_s": 0,
        "quiet_s": 0,
    } | fields  # fmt: skip


def incident(subject: str, objective: str, what: str = "breach", minute: int = 0) -> dict[str, Any]:
    return {"subject": subject, "objective": objective, "what": what, "began": NOW.replace(minute=minute)}


def screen(now: Snapshot) -> list[str]:
    told = io.StringIO()
    Console(file=told, width=80, force_terminal=False).print(drawn(now))
    return told.getvalue().splitlines()


def test_it_fits_eighty_columns_and_says_who_is_how() -> None:
    brokers = [
        broker("ic_markets"), broker("pepperstone", silent_s=11, quiet_s=11), broker("fxcm", quiet_s=None),
    ]  # fmt: skip
    tiers = [{"tier": "enterprise", "records_per_s": 9999.9, "symbols": 280, "p50_ms": 0.21, "p99_ms": 1234.56}]
    broken = [incident("enterprise", each) for each in ("latency", "completeness", "uptime", "redundancy")]
    risk = [
        {"tenant": f"a-tenant-of-some-length-{n}", "tier": "enterprise", "broken": ["latency"], "since": NOW}
        for n in range(11)
    ]
    lines = screen(Snapshot(NOW, brokers, tiers, broken, risk))
    assert max(map(len, lines)) <= 80
    assert [line.split()[:2] for line in lines if line.strip().startswith(("ic_", "pepper", "fxcm"))] == [
        ["ic_markets", "live"], ["pepperstone", "lost"], ["fxcm", "quiet"],
    ]  # fmt: skip
    assert any("completeness, latency, redundancy" in line for line in lines)
    assert any("tenants at risk: 11, 8 of them" in line for line in lines)


def test_a_tenant_is_at_risk_by_its_tiers_breach_or_by_its_own() -> None:
    tenants = [
        Tenant(id="whole", name="W", tier="pro"),
        Tenant(id="part", name="P", tier="pro", symbols=frozenset({"EURUSD"})),
        Tenant(id="fine", name="F", tier="free"),
    ]  # fmt: skip
    registered = Registered({tenant.id: tenant for tenant in tenants}, {})
    found = _at_risk(
        registered,
        [
            incident("pro", "uptime", minute=5), incident("pro", "latency", minute=3), incident("part", "uptime"),
            incident("free", "uptime", "alert"),
        ],
    )  # fmt: skip
    assert [(row["tenant"], row["broken"]) for row in found] == [("part", ["uptime"]), ("whole", ["latency", "uptime"])]
