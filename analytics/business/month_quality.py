"""How good a month's data was, and what was kept of what was promised. Pure."""

from decimal import Decimal

from analytics.business.month_facts import Facts
from analytics.business.month_measure import ROLLUPS, no_input, percent, without
from analytics.figures import Figure, Measured, Status, Value, usd


def quality(facts: Facts, made: Measured) -> tuple[Figure, ...]:
    by, by_revenue = _compliance(facts, made)
    return _latency(facts, made), *_completeness(facts, made), _uptime(facts, made), by, by_revenue


def _latency(facts: Facts, made: Measured) -> Figure:
    name, formula = "avg_data_latency_ms", "mean over records of published - max(as_of, due): the pipeline's latency"
    row = facts.latency.get("")
    if row is None:
        gone = no_input(made, name, "ms", formula, facts.source("tiers"), "hours of tiers", ROLLUPS)
        return gone or made.missing(name, "ms", formula, Status.INSUFFICIENT_DATA, "no record was published", n=0)
    waited = round(row["waited_us"] / row["timed"] / 1000, 3) if row["timed"] else None
    timed = [(broker["timed"], broker["feed_us"]) for broker in facts.brokers]
    feed_n, feed_us = sum(n for n, _ in timed), sum(us for _, us in timed)
    parts: dict[str, Value | None] = {key: row[key] for key in ("p50_ms", "p95_ms", "p99_ms")}
    parts |= {"experienced_ms": waited, "feed_ms": round(feed_us / feed_n / 1000, 3) if feed_n else None}
    mean = round(row["pipeline_us"] / row["records"] / 1000, 3)
    return made.figure(name, mean, "ms", formula, n=row["records"], parts=parts)


def _completeness(facts: Facts, made: Measured) -> tuple[Figure, ...]:
    shares = (
        _share(
            facts, made, "source_completeness_percent",
            "100 x seconds that a broker was there in / seconds in which another ticked the symbol",
            sum(row["observed_s"] for row in facts.brokers), sum(row["expected_s"] for row in facts.brokers),
            "in no second another broker ticked the same symbol",
        ),
        _share(
            facts, made, "transport_completeness_percent",
            "100 x sequences received / (received + missing), redelivered ones counted once",
            (came := sum(max(row["ticks"] - row["duplicates"], 0) for row in facts.brokers)),
            came + sum(row["missing"] for row in facts.brokers),
            "no tick was received",
        ),
        _tier_completeness(facts, made),
    )  # fmt: skip
    name, formula = "data_completeness_percent", "source x transport x tier coverage"
    if gone := without(made, name, "percent", formula, *shares):
        return gone, *shares
    value, parts = Decimal(100), {}
    for share in shares:
        value *= Decimal(str(share.value)) / 100
        parts[share.metric.removesuffix("_completeness_percent") + "_percent"] = share.value
    return made.figure(name, round(float(value), 4), "percent", formula, n=shares[-1].n, parts=parts), *shares


def _share(facts: Facts, made: Measured, name: str, formula: str, good: int, total: int, reason: str) -> Figure:
    gone = no_input(made, name, "percent", formula, facts.source("brokers"), "days of brokers", ROLLUPS)
    if gone is not None:
        return gone
    if not total:
        return made.missing(name, "percent", formula, Status.INSUFFICIENT_DATA, reason, n=0)
    return made.figure(name, percent(good, total), "percent", formula, n=total)


def _tier_completeness(facts: Facts, made: Measured) -> Figure:
    name, formula = "tier_completeness_percent", "100 x updates covered in time / updates, over all tiers"
    (row,) = facts.promised("all")
    updates = row["updates"]
    if not updates and not row["slices"]:
        reason = "the judge has stored nothing of the month: `tierfeed sla run`"
        return made.missing(name, "percent", formula, Status.NO_SOURCE, reason)
    if not updates:
        return made.missing(name, "percent", formula, Status.INSUFFICIENT_DATA, "no update was judged", n=0)
    parts: dict[str, Value | None] = {
        each["tier"]: percent(each["covered"], each["updates"]) for each in facts.promised("tier") if each["updates"]
    }
    return made.figure(name, percent(row["covered"], updates), "percent", formula, n=updates, parts=parts)


def _uptime(facts: Facts, made: Measured) -> Figure:
    name, formula = "broker_uptime_percent", "100 x seconds live / seconds scheduled, over brokers that were connected"
    live = [row for row in facts.brokers if row["live_s"]]
    scheduled = sum(row["scheduled_s"] for row in live)
    found = _share(facts, made, name, formula, sum(row["live_s"] for row in live), scheduled, "no broker was live")
    if found.value is None:
        return found
    parts: dict[str, Value | None] = {
        row["broker"]: percent(row["live_s"], row["scheduled_s"]) if row["scheduled_s"] else None for row in live
    }
    return made.figure(name, found.value, "percent", formula, n=len(live), parts=parts)


def _compliance(facts: Facts, made: Measured) -> tuple[Figure, Figure]:
    kept, name, weighted = facts.kept, "sla_compliance_percent", "sla_compliance_by_revenue_percent"
    formula = "100 x tenants of which every promise was kept / tenants measured, by what each had at the month's end"
    by_revenue = "100 x revenue of tenants of which every promise was kept / revenue of tenants measured"
    if not kept.measured:
        status = Status.INSUFFICIENT_DATA if kept.unmeasured else Status.NO_SOURCE
        reason = (
            f"of {kept.unmeasured:,} tenants too little is judged to tell"
            if kept.unmeasured
            else "the register has nobody who had bought anything when the month ended"
        )
        return (
            made.missing(name, "percent", formula, status, reason, n=0),
            made.missing(weighted, "percent", by_revenue, status, reason, n=0),
        )
    parts: dict[str, Value | None] = {"kept": kept.kept, "measured": kept.measured, "unmeasured": kept.unmeasured}
    parts |= {f"missed_{objective}": count for objective, count in sorted((kept.missed or {}).items())}
    plain = made.figure(name, percent(kept.kept, kept.measured), "percent", formula, n=kept.measured, parts=parts)
    if kept.measured_microusd <= 0:
        reason = "tenants who were measured have earned nothing: there is nothing to weigh by"
        return plain, made.missing(weighted, "percent", by_revenue, Status.NOT_APPLICABLE, reason, n=kept.measured)
    money = {"kept_usd": usd(kept.kept_microusd), "measured_usd": usd(kept.measured_microusd)}
    value = percent(kept.kept_microusd, kept.measured_microusd)
    return plain, made.figure(weighted, value, "percent", by_revenue, n=kept.measured, parts=money)
