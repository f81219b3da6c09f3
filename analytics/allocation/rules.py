"""Rules: which charges they are for, and how those are shared. A document is checked whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final

from analytics.allocation.charges import Charge
from tierfeed.domain.yamls import Document
from tierfeed.errors import ConfigError

FORMULA: Final = "allocation/1"
FIELDS: Final = ("service_name", "service_category", "charge_category", "resource_id", "resource_name")
TAG: Final = "tag:"
"""Before a tag's name, where a scope takes its value from the charge."""
_KEYS: Final = ("version", "class", "match", "method", "metric", "shares", "then", "scope", "by", "idle", "quiet_days")
MOST_SHARE: Final = 1_000_000_000


class Class(StrEnum):
    """What kind of cost a rule is for."""

    DIRECT = "direct"
    """Caused by whoever bears it, as consumption tells."""
    SHARED = "shared"
    IDLE = "idle"
    OVERHEAD = "overhead"
    """Shared last, by what each bears of the direct cost."""


class Method(StrEnum):
    """How a charge is shared."""

    PROPORTIONAL = "proportional"
    EVEN = "even"
    FIXED = "fixed"


class Dimension(StrEnum):
    """Whose a part can be, besides its day's."""

    TENANT = "tenant"
    TIER = "tier"
    BROKER = "broker"
    SYMBOL = "symbol"


class Metric(StrEnum):
    """What shares are in proportion to."""

    CONSUMED_TICKS = "consumed_ticks"
    """In halves: a tick is one for its best bid's broker and one for its best ask's."""
    CONSUMED_TICKS_OF_BROKER = "consumed_ticks_of_broker"
    """The same, of the broker that the rule's scope names."""
    NETWORK_BYTES = "network_bytes"
    """What the cluster sent each tenant, where exporters tell."""
    PUBLISHED_ROWS = "published_rows"
    """Of each tier and symbol."""
    TIER_BYTES = "tier_bytes"
    """Of each tier's log as the cluster keeps it: what comes, for as long as it is retained."""
    RETAINED_ROWS = "retained_rows"
    """A tier's published rows x the hours of its depth: its log, where nobody measures bytes."""
    DIRECT_COST = "direct_cost"
    """Of the same month, by tenant and tier."""


_D = Dimension
KNOWN: Final[Mapping[Metric, frozenset[Dimension]]] = {
    Metric.CONSUMED_TICKS: frozenset(_D),
    Metric.CONSUMED_TICKS_OF_BROKER: frozenset(_D),
    Metric.NETWORK_BYTES: frozenset({_D.TENANT, _D.TIER}),
    Metric.PUBLISHED_ROWS: frozenset({_D.TIER, _D.SYMBOL}),
    Metric.TIER_BYTES: frozenset({_D.TIER}),
    Metric.RETAINED_ROWS: frozenset({_D.TIER}),
    Metric.DIRECT_COST: frozenset({_D.TENANT, _D.TIER}),
}
"""What each metric can tell apart."""
INNER: Final = ("even", Metric.CONSUMED_TICKS.value)
"""How the part of a tier, symbol or broker is shared among its tenants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How charges that match are shared.

    `match`: for each field or tag its globs, of which one must fit, in whatever case; all fields must. `metrics`: the
    first that has a source. `by`: what is told apart besides tenant and day. `then`: how the part of a tier, symbol or
    broker is shared among its tenants, where the metric or the shares know no tenant. `scope`: who may bear it; a value
    `tag:NAME` is that of the charge's tag. `shares`: of a fixed rule, over the values of `shares_over`. `quiet_days`: a
    day without any weight is shared by the whole month's, or by nobody.
    """

    id: str
    version: str
    kind: Class
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    method: Method | None = None
    metrics: tuple[Metric, ...] = ()
    shares_over: Dimension | None = None
    shares: Mapping[str, int] = field(default_factory=dict)
    then: str = "even"
    scope: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)
    by: frozenset[Dimension] = frozenset({Dimension.TIER})
    is_idle_shared: bool = False
    are_quiet_days_shared: bool = True

    def fits(self, charge: Charge) -> bool:
        fields = all(_fits(getattr(charge, name), globs) for name, globs in self.match.items())
        return fields and all(
            name in charge.tags and _fits(charge.tags[name], globs) for name, globs in self.tags.items()
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """In the order in which they are tried."""

    rules: tuple[Rule, ...]

    def of(self, charge: Charge) -> Rule | None:
        """The first that matches."""
        return next((rule for rule in self.rules if rule.fits(charge)), None)


def _fits(value: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(value.lower(), glob.lower()) for glob in globs)


def parse_rules(document: Document) -> Rules:
    """Check a rules document whole; every problem is told at once, with its line. Raises ConfigError."""
    rows = document.value
    if not isinstance(rows, dict) or not rows:
        raise ConfigError(f"{document.where()}: must map rules' ids to rules, was {rows!r}")
    problems = list(document.problems())
    rules: list[Rule] = []
    for name, row in rows.items():
        found = [
            f"{document.where(name, *path)}: {'.'.join(map(str, (name, *path)))} {told}"
            for path, told in _problems(row)
        ]
        problems += found
        if not found:
            rules.append(_rule(str(name), row))
    if problems:
        raise ConfigError(problems)
    return Rules(tuple(rules))


Told = Iterator[tuple[tuple[str, ...], str]]
"""(keys from the rule down to a value, what is wrong with it)."""


def _problems(row: Any) -> Told:
    if not isinstance(row, dict):
        yield (), f"must map keys to values, was {row!r}"
        return
    for key in row.keys() - set(_KEYS):
        yield (str(key),), f"is not known; there are {', '.join(_KEYS)}"
    if not (isinstance(row.get("version"), str) and row["version"]):
        yield ("version",), f'must be a text in quotes, such as "1", was {row.get("version")!r}'
    yield from _choice(row, "class", [*Class])
    yield from _choice(row, "idle", ["own_line", "share"], "own_line")
    yield from _choice(row, "quiet_days", ["month", "unallocated"], "month")
    yield from _match_problems(row.get("match", {}))
    yield from _scope_problems(row.get("scope", {}))
    yield from _method_problems(row)


def _choice(row: Mapping[str, Any], key: str, choices: Sequence[str], default: str | None = None) -> Told:
    if row.get(key, default) not in choices:
        yield (key,), f"must be one of {', '.join(choices)}, was {row.get(key)!r}"


def _match_problems(match: Any) -> Told:
    if not isinstance(match, dict):
        yield ("match",), f"must map fields to globs, was {match!r}"
        return
    for name, globs in match.items():
        if name == "tags":
            if not isinstance(globs, dict) or not globs:
                yield ("match", "tags"), f"must map tags to globs, was {globs!r}"
                continue
            for tag, each in globs.items():
                if not _is_words(each):
                    yield ("match", "tags", str(tag)), f"must be a glob or a list of them, was {each!r}"
        elif name not in FIELDS:
            yield ("match", str(name)), f"is not known; there are {', '.join(FIELDS)}, tags"
        elif not _is_words(globs):
            yield ("match", name), f"must be a glob or a list of them, was {globs!r}"


def _scope_problems(scope: Any) -> Told:
    if not isinstance(scope, dict):
        yield ("scope",), f"must map {', '.join(Dimension)} to names, was {scope!r}"
        return
    for name, names in scope.items():
        if name not in [*Dimension]:
            yield ("scope", str(name)), f"is not known; there are {', '.join(Dimension)}"
        elif not _is_words(names):
            yield ("scope", name), f"must be a name, tag:NAME, or a list of them, was {names!r}"


def _method_problems(row: Mapping[str, Any]) -> Told:
    method, kind = row.get("method"), row.get("class")
    if method is None and kind == Class.IDLE:
        for key in ("metric", "shares", "then", "by", "idle"):
            if key in row:
                yield (key,), "is of no use without a method: the charge stands on the idle line"
        return
    yield from _choice(row, "method", [*Method])
    for key, of in (("metric", Method.PROPORTIONAL), ("shares", Method.FIXED)):
        if key in row and method != of:
            yield (key,), f"belongs to method {of}, was beside {method!r}"
    known = frozenset({Dimension.TENANT, Dimension.TIER})
    if method == Method.PROPORTIONAL:
        metrics = _words(row.get("metric"))
        if not metrics or not all(each in [*Metric] for each in metrics):
            yield ("metric",), f"must be one of {', '.join(Metric)}, or a list of them, was {row.get('metric')!r}"
            return
        yield from _metric_problems(row, [Metric(each) for each in metrics])
        known = frozenset.intersection(*(KNOWN[Metric(each)] for each in metrics))
    elif method == Method.FIXED:
        yield from _shares_problems(row.get("shares"))
        known |= {Dimension(each) for each in row["shares"]} if _is_by_dimension(row.get("shares")) else set()
    yield from _by_problems(row, known)


def _metric_problems(row: Mapping[str, Any], metrics: Sequence[Metric]) -> Told:
    scope = row.get("scope", {})
    if Metric.CONSUMED_TICKS_OF_BROKER in metrics and not (isinstance(scope, dict) and Dimension.BROKER in scope):
        yield ("metric",), f"{Metric.CONSUMED_TICKS_OF_BROKER} needs scope.broker"
    if (Metric.DIRECT_COST in metrics) != (row.get("class") == Class.OVERHEAD):
        yield ("metric",), f"{Metric.DIRECT_COST} belongs to class overhead, which is shared last, and to no other"
    if len({Dimension.TENANT in KNOWN[each] for each in metrics}) > 1:
        yield ("metric",), "must be all of tenants, or all of tiers"
    if "then" in row and all(Dimension.TENANT in KNOWN[each] for each in metrics):
        yield ("then",), "is of no use: the metric knows tenants"


def _shares_problems(shares: Any) -> Told:
    if not _is_by_dimension(shares):
        yield ("shares",), f"must map one of {', '.join(Dimension)} to shares by name, was {shares!r}"
        return
    ((over, by_name),) = shares.items()
    if not (isinstance(by_name, dict) and by_name and all(isinstance(name, str) and name for name in by_name)):
        yield ("shares", over), f"must map names to shares, was {by_name!r}"
        return
    for name, share in by_name.items():
        if not isinstance(share, int) or isinstance(share, bool) or not 0 <= share <= MOST_SHARE:
            yield ("shares", over, name), f"must be a whole number from 0 to {MOST_SHARE:,}, was {share!r}"


def _is_by_dimension(shares: object) -> bool:
    return isinstance(shares, dict) and len(shares) == 1 and {*shares} <= {*Dimension}


def _by_problems(row: Mapping[str, Any], known: frozenset[Dimension]) -> Told:
    yield from _choice(row, "then", INNER, "even")
    by = row.get("by", [])
    names = [each.value for each in Dimension if each is not Dimension.TENANT]
    if not isinstance(by, list) or not all(isinstance(each, str) and each in names for each in by):
        yield ("by",), f"must be a list of {', '.join(names)}, was {by!r}; tenant and day are always told"
        return
    if row.get("then") != Metric.CONSUMED_TICKS:
        for name in sorted({*by} - {*known, Dimension.TIER}):
            yield ("by",), f"must have none but what is known here, and {name} is not"


def _rule(name: str, row: Mapping[str, Any]) -> Rule:
    method = None if row.get("method") is None else Method(row["method"])
    shares = {Dimension(over): by_name for over, by_name in row.get("shares", {}).items()}
    match = dict(row.get("match", {}))
    tags = match.pop("tags", {})
    return Rule(
        id=name,
        version=row["version"],
        kind=Class(row["class"]),
        match={each: _words(globs) for each, globs in match.items()},
        tags={str(tag): _words(globs) for tag, globs in tags.items()},
        method=method,
        metrics=tuple(Metric(each) for each in _words(row.get("metric"))),
        shares_over=next(iter(shares), None),
        shares=next(iter(shares.values()), {}),
        then=row.get("then", "even"),
        scope={Dimension(each): _words(names) for each, names in row.get("scope", {}).items()},
        by=frozenset(Dimension(each) for each in row.get("by", [])) | {Dimension.TIER},
        is_idle_shared=row.get("idle") == "share",
        are_quiet_days_shared=row.get("quiet_days", "month") == "month",
    )


def _is_words(value: object) -> bool:
    return bool(_words(value)) and all(isinstance(each, str) and each for each in _words(value))


def _words(value: Any) -> tuple[Any, ...]:
    """One, or a list of them."""
    if isinstance(value, list):
        return tuple(value)
    return () if value is None else (value,)
