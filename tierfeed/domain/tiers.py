"""Tiers: which symbols, how often, how deep, from which brokers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierfeed.errors import ConfigError

RECORDS = ("FreeQuote", "ProQuote", "EnterpriseQuote")


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

    def carries(self, symbol: str) -> bool:
        return self.symbols is None or symbol in self.symbols


def parse_tiers(document: Mapping[str, Mapping[str, Any]]) -> tuple[Tier, ...]:
    """Check a tiers document whole; every problem is told at once."""
    problems: list[str] = []
    tiers: list[Tier] = []
    for name, row in document.items():
        found = list(_problems(name, row))
        problems += found
        if not found:
            symbols = row["symbols"]
            tiers.append(
                Tier(
                    name=name,
                    symbols=None if symbols == "all" else frozenset(symbols),
                    interval_us=int(row["interval_ms"]) * 1000,
                    depth_hours=int(row["depth_hours"]),
                    brokers=tuple(row["brokers"]),
                    redundancy=int(row["redundancy"]),
                    record=str(row["record"]),
                )
            )
    if not document:
        problems.append("tiers: at least one tier is needed, there was none")
    if problems:
        raise ConfigError(problems)
    return tuple(tiers)


def _problems(name: str, row: Mapping[str, Any]) -> list[str]:
    found = []
    symbols, brokers = row.get("symbols"), row.get("brokers")
    if symbols != "all" and not (isinstance(symbols, list) and symbols and all(isinstance(s, str) for s in symbols)):
        found.append(f"tiers.{name}.symbols must be 'all' or a list of symbols, was {symbols!r}")
    if not (isinstance(brokers, list) and brokers and all(isinstance(b, str) for b in brokers)):
        found.append(f"tiers.{name}.brokers must be a list of broker names in order of preference, was {brokers!r}")
    for key in ("interval_ms", "depth_hours", "redundancy"):
        value = row.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            found.append(f"tiers.{name}.{key} must be a whole number of at least 1, was {value!r}")
    if row.get("record") not in RECORDS:
        found.append(f"tiers.{name}.record must be one of {', '.join(RECORDS)}, was {row.get('record')!r}")
    return found
