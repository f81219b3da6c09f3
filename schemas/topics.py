"""Every topic there is: declared in topics/*.yaml, named and configured here. No other code holds a topic's name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from schemas import catalogue
from tierfeed.domain.tiers import Tier
from tierfeed.errors import ConfigError

FOLDER = Path(__file__).with_name("topics")

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SEGMENTS = 6
"""A time-retained partition has at least so many segments: Kafka deletes whole ones, so records outlive their time by
at most a sixth of it."""

_RETENTION = re.compile(r"(\d+|\{depth_hours\}) ([dh])")
_LEGAL = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_KEYS = {"name", "key", "values", "producers", "consumers", "partitions", "retention", "dead_letters", "config"}
_NEEDED = _KEYS - {"retention", "dead_letters"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `values` are the schemas it may carry, none where it carries bytes as they came."""

    name: str
    key: str
    values: tuple[str, ...]
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    producers: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    retention_ms: int | None = None
    """None: the last record of every key is kept for ever."""
    dead_letters: tuple[str, ...] = ()
    """Who puts what it cannot read on the topic's dead-letter topic; nobody: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One file of topics/: a topic with {broker}, {tier}, {record}, {depth_hours} or {topic} to fill in."""

    name: str
    key: str
    values: tuple[str, ...]
    config: Mapping[str, str]
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    retention: str | None
    dead_letters: tuple[str, ...]

    def topic(self, partitions: int, **words: object) -> Topic:
        retention_ms = None if self.retention is None else _milliseconds(self.retention.format(**words))
        config = dict(self.config)
        if retention_ms is not None:
            config["retention.ms"] = str(retention_ms)
            config["segment.ms"] = str(min(retention_ms // SEGMENTS, DAY_MS))
        return Topic(
            name=self.name.format(**words),
            key=self.key,
            values=tuple(value.format(**words) for value in self.values),
            partitions=partitions,
            config=config,
            producers=self.producers,
            consumers=self.consumers,
            retention_ms=retention_ms,
            dead_letters=self.dead_letters,
        )


def load(folder: Path = FOLDER) -> dict[str, Pattern]:
    """Every pattern by the stem of its file. Raises ConfigError with every problem of every file."""
    patterns, problems = {}, []
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = yaml.safe_load(path.read_text())
        except yaml.YAMLError as error:
            problems.append(f"{path.name}: {error}")
            continue
        found = [f"{path.name}: {problem}" for problem in _problems(document)]
        problems += found
        if not found:
            patterns[path.stem] = _pattern(document)
    if problems:
        raise ConfigError(problems)
    return patterns


def _problems(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield f"must be a mapping, was {document!r}"
        return
    if missing := sorted(_NEEDED - document.keys()):
        yield f"must have {', '.join(missing)}"
    if unknown := sorted(document.keys() - _KEYS):
        yield f"has no use for {', '.join(map(str, unknown))}"
    for key in ("values", "producers", "consumers", "dead_letters"):
        if not _is_texts(document.get(key, [])):
            yield f"{key} must be a list of names, was {document[key]!r}"
    known = {schema.name for schema in catalogue.ALL} | {"{record}"}
    if _is_texts(values := document.get("values", [])) and (strange := sorted(set(values) - known)):
        yield f"values must be schemas, was {', '.join(strange)}"
    if document.get("partitions", "shared") != "shared":
        yield f"partitions must be 'shared', was {document['partitions']!r}"
    yield from _retention_problems(document)


def _retention_problems(document: Mapping[str, Any]) -> Iterator[str]:
    config = document.get("config", {})
    if not (isinstance(config, dict) and all(isinstance(value, str) for value in config.values())):
        yield f"config must map names to texts, was {config!r}"
        return
    if config.get("message.timestamp.type") != "LogAppendTime":
        yield "config message.timestamp.type must be LogAppendTime, or replays expire on arrival"
    retention, policy = document.get("retention"), config.get("cleanup.policy")
    if retention is not None and not (isinstance(retention, str) and _RETENTION.fullmatch(retention)):
        yield f"retention must be like '7 d' or '1 h', was {retention!r}"
    if (retention is None) != (policy == "compact"):
        yield f"needs either a retention or cleanup.policy compact, had {retention!r} and {policy!r}"


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _pattern(document: Mapping[str, Any]) -> Pattern:
    return Pattern(
        name=document["name"],
        key=document["key"],
        values=tuple(document["values"]),
        config=document["config"],
        producers=tuple(document["producers"]),
        consumers=tuple(document["consumers"]),
        retention=document.get("retention"),
        dead_letters=tuple(document.get("dead_letters", ())),
    )


def _milliseconds(retention: str) -> int:
    count, unit = retention.split()
    return int(count) * (DAY_MS if unit == "d" else HOUR_MS)


PATTERNS = load()

COMPLETE_TO = "complete_to"
"""Header of a `.latest` record: every tier record before this offset is reflected in `.latest`."""
SOURCE_OFFSET = "source_offset"
"""Header of a `.latest` record, where in the tier topic it is copied from; of a dead letter, where it was met."""

SINGLE = ("quality", "usage", "decisions", "sla_events", "control")
"""What every deployment has one of."""
QUALITY = PATTERNS["quality"].name
USAGE = PATTERNS["usage"].name
DECISIONS = PATTERNS["decisions"].name
SLA_EVENTS = PATTERNS["sla_events"].name
CONTROL = PATTERNS["control"].name


def ticks(broker: str) -> str:
    return PATTERNS["ticks"].name.format(broker=broker)


def tier(name: str) -> str:
    return PATTERNS["tier"].name.format(tier=name)


def latest(name: str) -> str:
    """The compacted companion of a tier's topic."""
    return PATTERNS["latest"].name.format(tier=name)


def dlq(topic: str) -> str:
    """Where the records of `topic` go that cannot be read."""
    return PATTERNS["dlq"].name.format(topic=topic)


def _dead_letter_topic(of: Topic) -> Topic:
    """Who writes there reads its end, too, when it starts: what is there already is not put there again."""
    dead = PATTERNS["dlq"].topic(of.partitions, topic=of.name)
    return replace(dead, producers=of.dead_letters, consumers=(*of.dead_letters, *dead.consumers))


def declared(brokers: Iterable[str], tiers: Iterable[Tier], partitions: int) -> dict[str, Topic]:
    """Every topic of a deployment by its name, dead-letter topics included. Raises ConfigError."""
    found = [PATTERNS["ticks"].topic(partitions, broker=broker) for broker in brokers]
    for entry in tiers:
        words = {"tier": entry.name, "record": entry.record, "depth_hours": entry.depth_hours}
        found += [PATTERNS[pattern].topic(partitions, **words) for pattern in ("tier", "latest")]
    found += [PATTERNS[pattern].topic(partitions) for pattern in SINGLE]
    found += [_dead_letter_topic(topic) for topic in found if topic.dead_letters]
    names = [topic.name for topic in found]
    problems = [
        f"topic {name!r}: Kafka takes letters, digits, '.', '_' and '-'" for name in names if not _LEGAL.fullmatch(name)
    ]
    problems += [
        f"topic {name!r}: is declared twice" for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if problems:
        raise ConfigError(problems)
    return {topic.name: topic for topic in found}
