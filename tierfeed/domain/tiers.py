"""Tiers: which symbols, how often, how deep, from which brokers, with which features, at what price."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from tierfeed.domain.features import RECORDS, Feature
from tierfeed.domain.yamls import Document
from tierfeed.errors import ConfigError

MICRO_USD: Final = 1_000_000
PPM_OF_PERCENT: Final = 10_000
_KEYS: Final = (
    "symbols", "interval_ms", "depth_hours", "brokers", "redundancy", "record",
    "features", "latency_ms", "completeness_percent", "uptime_percent", "quality", "price_usd", "emergency",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One graded product. `symbols` is None where the tier carries every symbol."""

    name: str
    symbols: frozenset[str] | None
    interval_us: int
    depth_hours: int
    brokers: tuple[str, ...]
    redundancy: int
    record: str
    latency_us: int | None = None
    """The target of pipeline latency; None: none was promised."""
    completeness_ppm: int | None = None
    """The promised share of updates that are covered in time, in millionths; None: none was promised."""
    uptime_ppm: int | None = None
    """The promised share of scheduled time, likewise."""
    quality: str = "standard"
    price_microusd: int | None = None
    """List price of a month; None: there is none."""
    emergency: tuple[str, ...] = ()
    """Brokers above its own that contracts allow it for a time, where it would be down; the preferred first."""

    def carries(self, symbol: str) -> bool:
        return self.symbols is None or symbol in self.symbols

    @property
    def features(self) -> tuple[Feature, ...]:
        return RECORDS[self.record]


def parse_tiers(document: Document) -> tuple[Tier, ...]:
    """Check a tiers document whole; every problem is told at once, with its line. Raises ConfigError.

    What is promised may be missing, and so may `features`: they are those of the record.
    """
    rows = document.value
    if not isinstance(rows, dict) or not rows:
        raise ConfigError(f"{document.where()}: must map tier names to their settings, was {rows!r}")
    problems = list(document.problems())
    tiers: list[Tier] = []
    for name, row in rows.items():
        found = [f"{document.where(name, key)}: {name}{key and '.'}{key} {told}" for key, told in _problems(row)]
        problems += found
        if not found:
            tiers.append(_tier(str(name), row))
    if problems:
        raise ConfigError(problems)
    return tuple(tiers)


def _tier(name: str, row: Mapping[str, Any]) -> Tier:
    symbols, latency_ms, price_usd = row["symbols"], row.get("latency_ms"), row.get("price_usd")
    return Tier(
        name=name,
        symbols=None if symbols == "all" else frozenset(symbols),
        interval_us=int(row["interval_ms"]) * 1000,
        depth_hours=int(row["depth_hours"]),
        brokers=tuple(row["brokers"]),
        redundancy=int(row["redundancy"]),
        record=str(row["record"]),
        latency_us=None if latency_ms is None else int(latency_ms) * 1000,
        completeness_ppm=_ppm(row.get("completeness_percent")),
        uptime_ppm=_ppm(row.get("uptime_percent")),
        quality=row.get("quality", "standard"),
        price_microusd=None if price_usd is None else int(Decimal(price_usd) * MICRO_USD),
        emergency=tuple(row.get("emergency", ())),
    )


def _problems(row: Any) -> Iterator[tuple[str, str]]:
    """(key, what is wrong with it); the key is empty where it is the tier itself."""
    if not isinstance(row, dict):
        yield "", f"must map keys to values, was {row!r}"
        return
    symbols = row.get("symbols")
    for key in row.keys() - set(_KEYS):
        yield str(key), f"is not known; there are {', '.join(_KEYS)}"
    if symbols != "all" and not (symbols and _is_texts(symbols)):
        yield "symbols", f"must be 'all' or a list of symbols, was {symbols!r}"
    for key in ("interval_ms", "depth_hours", "redundancy"):
        if not _is_count(row.get(key)):
            yield key, f"must be a whole number of at least 1, was {row.get(key)!r}"
    if row.get("record") not in RECORDS:
        yield "record", f"must be one of {', '.join(RECORDS)}, was {row.get('record')!r}"
    else:
        shown, given = RECORDS[row["record"]], row.get("features", [*RECORDS[row["record"]]])
        if not _is_texts(given) or set(given) != set(shown):
            yield "features", f"must be what {row['record']} shows ({', '.join(shown)}), was {given!r}"
    yield from _brokers(row.get("brokers"), row.get("emergency", []))
    yield from _promises(row)


def _brokers(own: Any, emergency: Any) -> Iterator[tuple[str, str]]:
    for key, names, is_needed in (("brokers", own, True), ("emergency", emergency, False)):
        if not _is_texts(names) or len({*names}) < len(names) or (is_needed and not names):
            yield key, f"must be a list of broker names in order of preference, each once, was {names!r}"
    if _is_texts(own) and _is_texts(emergency) and not {*own}.isdisjoint(emergency):
        yield "emergency", f"must not have brokers of the tier's own, was {emergency!r}"


def _promises(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    latency_ms, quality, price = row.get("latency_ms"), row.get("quality", "standard"), row.get("price_usd")
    if latency_ms is not None and not _is_count(latency_ms):
        yield "latency_ms", f"must be a whole number of at least 1, or null, was {latency_ms!r}"
    for key in ("completeness_percent", "uptime_percent"):
        if row.get(key) is not None and not _is_share(row[key]):
            yield key, f"must be above 0 and below 100, with four decimals at most, or null, was {row[key]!r}"
    if not (isinstance(quality, str) and quality):
        yield "quality", f"must be a word, was {quality!r}"
    if not _is_price(price):
        yield "price_usd", f'must be dollars in quotes, such as "49.00", or null, was {price!r}'


def ppm_of(percent: float) -> Fraction:
    """Millionths. A float's shortest text is what somebody wrote: 99.99 is meant, not the nearest binary fraction."""
    return Fraction(str(percent)) * PPM_OF_PERCENT


def _ppm(percent: float | None) -> int | None:
    return None if percent is None else int(ppm_of(percent))


def _is_share(value: object) -> bool:
    """A percentage of which whole millionths are meant; all of it cannot be promised."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 100:
        return False
    return ppm_of(value).denominator == 1


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_price(value: object) -> bool:
    """Text, for YAML would make a float of it; whole micro-dollars."""
    if value is None:
        return True
    try:
        micro = Decimal(value) * MICRO_USD if isinstance(value, str) else None
    except InvalidOperation:
        return False
    return micro is not None and micro.is_finite() and micro >= 0 and micro == micro.to_integral_value()
