"""A demo's figures from what was counted on Kafka, what ClickHouse answers, and what the tape holds. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from analytics.summary import Summary
from collectors.port import Ledger
from schemas import topics
from tierfeed.cli.audit import Audit
from tierfeed.domain.words import Drop, Feed

REASONS = tuple(drop.name.lower() for drop in Drop if drop is not Drop.APPLIED)
AT_FULL_SPEED = "at --speed max every record waits for the machine, not for its tick: there is no latency to tell"
NOTHING_AT_ONCE = "no record of this tier was released at once"
DATA = ("ticks", "tier_quotes", "quality_windows")


@dataclass(frozen=True, slots=True)
class Played:
    """What was to be published of each broker, and each tier's brokers. `speed` 0: as fast as possible."""

    tape: str
    speed: float
    ticks: Mapping[str, int]
    ledgers: Mapping[str, Ledger]
    tiers: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Figures:
    """Everything the summary says; `asdict` of it is what --json prints."""

    tape: str
    speed: float | str
    published: dict[str, int]
    brokers: dict[str, dict[str, Any]]
    in_no_tier: list[str]
    """Brokers that no tier names: their ticks are judged and stored, and reach no composite."""
    dropped: dict[str, int]
    tiers: dict[str, dict[str, Any]]
    rows: dict[str, int]
    lost: int
    doubled: int
    conservation: dict[str, dict[str, int]]
    dead_letters: dict[str, int]
    latency_ms: dict[str, dict[str, Any]]
    quality: list[dict[str, Any]]
    problems: list[str] = field(default_factory=list)
    elapsed_s: float = 0.0

    def document(self) -> dict[str, Any]:
        return asdict(self)


def figures(played: Played, counted: Audit, answers: Summary, elapsed_s: float) -> Figures:
    """Put the figures together and look for what is wrong with them."""
    published = {broker: counted.records[topics.ticks(broker)] for broker in played.ledgers}
    drops = {row["broker"]: row for row in answers.drops}
    dropped = {reason: sum(row[reason] for row in answers.drops) for reason in REASONS}
    tiers = {row["tier"]: row for row in answers.tiers}
    found = Figures(
        tape=played.tape,
        speed=played.speed or "max",
        published=published,
        brokers={broker: _broker(broker, played, published[broker], drops.get(broker, {})) for broker in published},
        in_no_tier=[broker for broker in published if not any(broker in named for named in played.tiers.values())],
        dropped=dropped,
        tiers={name: _tier(tiers.get(name, {})) for name in played.tiers},
        rows={row["name"]: row["rows"] for row in answers.tables},
        lost=_lost(played, published, counted, answers),
        doubled=_doubled(played, published, answers),
        conservation=_conservation(counted, answers, dropped, published),
        dead_letters={stage: _letters(counted, stage) for stage in ("collector", "stream", "sink")},
        latency_ms=_latency(played, answers),
        quality=answers.quality,
        elapsed_s=round(elapsed_s, 1),
    )
    found.problems = list(_problems(found))
    return found


def _broker(broker: str, played: Played, published: int, seen: Mapping[str, Any]) -> dict[str, Any]:
    """On purpose: what the simulator left out and sent twice. The rest is what the stream worker made of it."""
    ledger = played.ledgers[broker]
    total = ledger.total
    return {
        "feed": "simulated" if ledger.feed is Feed.SIMULATED else "real",
        "ticks_in_tape": played.ticks[broker],
        "published": published,
        "applied": seen.get("applied", 0),
        "lost_on_purpose": total.lost + total.skipped,
        "skipped_on_purpose": total.skipped,
        "missing_seen": seen.get("missing", 0),
        "doubled_on_purpose": total.redelivered,
        "duplicates_seen": seen.get("duplicate", 0),
        "line_doubled": sum(ledger.line_doubled.values()),
        "line_duplicates_seen": seen.get("line_duplicate", 0),
        "bad_rows": ledger.dead,
    }


def _tier(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "published": row.get("records", 0),
        "conflated": row.get("conflated", 0),
        "updates": row.get("updates", 0),
        "symbols": row.get("symbols", []),
    }


def _lost(played: Played, published: Mapping[str, int], counted: Audit, answers: Summary) -> int:
    """Ticks of the tape that are not on Kafka, and records on Kafka that are not in ClickHouse."""
    stored: dict[str, int] = {row["topic"]: row["rows"] - row["repeated"] for row in answers.stored}
    unpublished = sum(max(played.ticks[broker] - count, 0) for broker, count in published.items())
    return unpublished + sum(max(count - stored.get(topic, 0), 0) for topic, count in counted.records.items())


def _doubled(played: Played, published: Mapping[str, int], answers: Summary) -> int:
    """Ticks on Kafka beyond the tape's, rows stored twice, and composites published twice."""
    surplus = sum(max(count - played.ticks[broker], 0) for broker, count in published.items())
    repeated: list[int] = [row["repeated"] for row in (*answers.stored, *answers.tiers)]
    return surplus + sum(repeated)


def _conservation(
    counted: Audit, answers: Summary, dropped: Mapping[str, int], published: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """In and out of the stream worker, and of each tier. `held`: what is neither; it should be 0."""
    ticks = {
        "in": sum(count + counted.unreadable[topics.ticks(broker)] for broker, count in published.items()),
        "applied": sum(row["applied"] for row in answers.drops),
        "dropped": sum(dropped.values()) - dropped["invalid"],
        "dead_lettered": _letters(counted, "stream"),
    }
    ticks["held"] = ticks["in"] - ticks["applied"] - ticks["dropped"] - ticks["dead_lettered"]
    balance = {"ticks": ticks}
    for row in answers.tiers:
        entry = {"in": row["updates"], "published": row["records"], "conflated": row["conflated"]}
        balance[f"tier {row['tier']}"] = entry | {"held": entry["in"] - entry["published"] - entry["conflated"]}
    return balance


def _letters(counted: Audit, stage: str) -> int:
    return sum(count for (_, of), count in counted.letters.items() if of == stage)


def _latency(played: Played, answers: Summary) -> dict[str, dict[str, Any]]:
    if not played.speed:
        return {tier: {"p50": None, "p99": None, "reason": AT_FULL_SPEED} for tier in played.tiers}
    told = {row["tier"]: row for row in answers.latency}
    return {
        tier: {"p50": told[tier]["p50_ms"], "p99": told[tier]["p99_ms"], "records": told[tier]["records"]}
        if tier in told
        else {"p50": None, "p99": None, "reason": NOTHING_AT_ONCE}
        for tier in played.tiers
    }


def _problems(found: Figures) -> list[str]:
    problems = []
    if found.lost:
        problems.append(f"{found.lost} records are lost")
    if found.doubled:
        problems.append(f"{found.doubled} records are doubled")
    problems += [
        f"{what}: {entry['held']} neither came out nor were dropped"
        for what, entry in found.conservation.items()
        if entry["held"]
    ]
    bad_rows = sum(broker["bad_rows"] for broker in found.brokers.values())
    if bad_rows != found.dead_letters["collector"]:
        problems.append(f"the tape has {bad_rows} bad rows, {found.dead_letters['collector']} are dead-lettered")
    return problems
