"""A page with everything that a page may have, and with names that try to be more than names."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from analytics.figures import Figure, Measured, Status
from analytics.reports.page import (
    Bars,
    Calendar,
    Column,
    NoChart,
    Page,
    Point,
    Scatter,
    Section,
    Table,
    Trend,
    Unit,
    Waterfall,
)

NOW = datetime(2026, 11, 4, 6, 30, tzinfo=UTC)
HOSTILE = "<script>window.broken=1</script>"
QUOTED = "\"' onmouseover=alert(1) </script><!-- &amp; ${x} {{ 7 * 7 }} {a|b} \\u003c"
MEASURED = Measured(
    subject="business",
    start=datetime(2026, 10, 1, tzinfo=UTC),
    end=datetime(2026, 11, 1, tzinfo=UTC),
    formula_version="kpis/1",
    computed_at=NOW,
)
ROWS = 60


def figures() -> tuple[Figure, ...]:
    """One of each status, and units of each kind."""
    made = MEASURED.figure
    return (
        made(
            "total_revenue_usd", Decimal("1284310.5"), "usd", "Σ recognised revenue per day - approved credits", n=1042
        ),
        made("profit_margin_percent", Decimal("71.25"), "percent", "100 × gross profit / total revenue"),
        made("gross_profit_usd", Decimal("-915230.114999"), "usd", "total revenue - infrastructure cost"),
        made(
            "avg_data_latency_ms",
            0.8342,
            "ms",
            "mean of published - max(as of, due)",
            parts={"p50_ms": 0.61, "p99_ms": None},
        ),
        MEASURED.missing(
            "net_promoter_score", "score", "% 9-10 - % 0-6", Status.INSUFFICIENT_DATA, "only 3 answers, 5 are needed", 3
        ),
        MEASURED.missing(
            "customer_satisfaction_score", "score", "mean CSAT", Status.NO_SOURCE, "no survey was imported"
        ),
        MEASURED.missing(
            "churn_rate_percent",
            "percent",
            "lost / paying at the start",
            Status.NOT_APPLICABLE,
            "nobody paid at the start",
        ),
        Figure(
            metric="users_served",
            subject="business",
            start=MEASURED.start,
            end=MEASURED.end,
            value=1042,
            unit="count",
            formula="tenants who consumed a tick",
            formula_version="kpis/1",
            computed_at=NOW,
            status=Status.UNDER_METERED,
            reason=f"more was sent to {HOSTILE} than was metered",
        ),
    )


def whole_page() -> Page:
    return Page(
        name="everything",
        title=f"Business in October {HOSTILE}",
        period="2026-10, provisional",
        computed_at=NOW,
        figures=figures(),
        banners=(f"Some of these figures rest on synthetic rows: tickets {QUOTED}", "October is not closed yet."),
        summary=(
            "1,042 users were served for $368,080.50, which left $916,230.11 of $1,284,310.50 (71.25 %).",
            f"{HOSTILE} earned most.",
        ),
        sections=(_money(), _customers(), _promises()),
    )


def _money() -> Section:
    months = tuple(f"2026-{month:02}" for month in range(1, 11))
    lines = {
        "revenue": tuple(Decimal(900_000 + 40_000 * at) if at != 5 else None for at in range(10)),
        "cost": tuple(Decimal(300_000 + 7_000 * at) for at in range(10)),
        HOSTILE: (None, 120_000.0, None, 90_000.0, 95_000.5, 99_000.0, None, None, 100_000.0, None),
    }
    steps = (
        ("revenue", Decimal(1_284_310)),
        ("credits", Decimal(-12_000)),
        ("collectors", Decimal(-220_080)),
        (QUOTED, Decimal(-1_148_000)),
        ("refund", Decimal(60_000)),
    )
    cost = Bars(
        "cost-by",
        "Cost by service",
        (HOSTILE, "Kafka", "ClickHouse", "stream workers and their standby machines"),
        {"direct": (1200.5, 800, None, 420), "shared": (200, Decimal("150.25"), 90, -60)},
        Unit.USD,
        lying=True,
    )
    buckets = tuple(f"{2**at} µs" for at in range(20))
    latency = Bars(
        "latency",
        "Latency of records",
        buckets,
        {"records": tuple(10_000 // (1 + abs(at - 9)) for at in range(20))},
        Unit.NUMBER,
        "p50 0.61 ms, p95 1.02 ms, p99 3.40 ms",
    )
    near = tuple(float(users) for users in range(31))
    crossing = {
        "traditional": tuple(180 * users for users in near),
        "ingestion": tuple(2600 + 2.5 * users for users in near),
    }
    charts = (
        Trend("months", "Revenue and cost by month", months, lines, Unit.USD, note="June was not measured."),
        Waterfall("margin", "From revenue to margin", steps, "margin"),
        cost,
        latency,
        Trend("break-even", "Near the break-even", near, crossing, Unit.USD, "users"),
        Trend("one", "One month only", ("2026-10",), {"only": (Decimal("99.95"),)}, Unit.PERCENT),
    )
    return Section("Money", ("What came in, and what it cost.",), charts=charts)


def _customers() -> Section:
    points = tuple(
        Point(
            HOSTILE if at == 0 else f"tenant-{at:02}",
            ("free", "pro", QUOTED)[at % 3],
            20.0 + (at * 37) % 80,
            -40.0 + (at * 53) % 140,
            at / 12,
        )
        for at in range(11)
    )
    scatter = Scatter("tenants", "Tenants by health and margin", points, "health", "margin", Unit.NUMBER, Unit.PERCENT)
    columns = (
        Column("Tenant"),
        Column("Tier"),
        Column("Since", Unit.DATE),
        Column("Revenue", Unit.USD, "recognised per day; kpis/1"),
        Column("Margin", Unit.PERCENT, f"100 × (revenue - cost) / revenue {HOSTILE}"),
        Column("p99", Unit.MS),
        Column("Ticks", Unit.NUMBER),
        Column("Kept"),
        Column("Risk"),
        Column("What to do about it"),
    )
    rows = tuple(
        (
            HOSTILE if at == 7 else f"tenant-{at:02}",
            ("free", "pro", "enterprise")[at % 3],
            date(2026, 1, 1) + timedelta(days=at),
            None if at % 9 == 4 else Decimal(at * 977 % 5000) + Decimal("0.125"),
            None if at % 9 == 4 else Decimal(at * 7919 % 10_000) / 100,
            0.4 + at / 7,
            at * 1_234_567,
            at % 2 == 0,
            ("healthy", "watch", "critical")[at % 3],
            "talk to them before the renewal",
        )
        for at in range(ROWS)
    )
    table = Table("tenants", "Tenants", columns, rows, "Ticks that were read again are not counted.")
    return Section("Customers", charts=(scatter,), tables=(table, Table("none", "Left", (Column("Tenant"),), ())))


def _promises() -> Section:
    days: dict[date, float | None] = {}
    for at in range(92):
        day = date(2026, 8, 1) + timedelta(days=at)
        if day.weekday() < 5:
            days[day] = None if at % 17 == 3 else 100.0 if at % 3 else 99.99 - (at % 11) / 2
    calendar = Calendar("sla", "Promises kept by day", days, 95.0)
    missing = NoChart("quality", "Quality against cost of brokers", f"no contract of {HOSTILE} was imported")
    three = tuple(
        MEASURED.of(name).figure("sla_compliance_percent", value, "percent", "kept / measured")
        for name, value in (("free", 100), ("pro", 99.5), (HOSTILE, 97))
    )
    return Section("Promises", figures=three, charts=(calendar, missing))
