"""May a schema take another's place? Who reads by the new one must be able to read what was written by the old one.

That is BACKWARD by Avro's rules of schema resolution, and three rules of our own. As the columns of the codec hold
plain numbers, a logical type stays what it is, and the symbols of an enum keep their positions. And bytes do not become
a string, which Avro allows though not all bytes are one.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from schemas.catalogue import Schema

PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
}


def problems(old: Schema, new: Schema) -> list[str]:
    """Everything that keeps `new` from reading what was written by `old`, each with its place. Empty: compatible."""
    return list(_Resolution(old.parsed, new.parsed).between(old.parsed, new.parsed, new.name))


def catalogue_problems(schemas: Iterable[Schema]) -> list[str]:
    """Each record's schemas in the order of their ids: each against the one before."""
    by_name: dict[str, list[Schema]] = {}
    for schema in sorted(schemas, key=lambda schema: schema.id):
        by_name.setdefault(schema.name, []).append(schema)
    return [
        f"id {old.id} → {new.id}: {problem}"
        for versions in by_name.values()
        for old, new in pairwise(versions)
        for problem in problems(old, new)
    ]


class _Resolution:
    """Walks a pair of schemas; a pair of names that is being compared already is not compared again."""

    def __init__(self, old: Any, new: Any) -> None:
        self.old, self.new = _named(old), _named(new)
        self.seen: set[tuple[str, str]] = set()

    def between(self, old: Any, new: Any, where: str) -> Iterator[str]:
        old, new = _resolved(old, self.old), _resolved(new, self.new)
        if isinstance(old, list):
            for branch in old:
                yield from self.between(branch, new, where)
        elif isinstance(new, list):
            if not any(self._fits(old, branch) for branch in new):
                yield f"{where}: no branch of {_shown(new)} reads {_shown(old)}"
        elif old["type"] != new["type"]:
            if new["type"] not in PROMOTIONS.get(old["type"], ()):
                yield f"{where}: {_shown(new)} does not read {_shown(old)}"
        else:
            yield from self._same_type(old, new, where)

    def _fits(self, old: Any, branch: Any) -> bool:
        # With pairs seen of its own: a branch that does not fit must not hide the pair from the next.
        trial = _Resolution({}, {})
        trial.old, trial.new, trial.seen = self.old, self.new, set(self.seen)
        return not any(trial.between(old, branch, ""))

    def _same_type(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[str]:
        if old.get("logicalType") != new.get("logicalType"):
            yield f"{where}: the numbers of {_shown(old)} mean something else as {_shown(new)}"
        if "name" in new:
            pair = (old["name"], new["name"])
            if pair in self.seen:
                return
            self.seen.add(pair)
            if _last(old["name"]) != _last(new["name"]) and old["name"] not in new.get("aliases", ()):
                yield f"{where}: must be named {old['name']}, was {new['name']}"
        match new["type"]:
            case "record":
                yield from self._fields(old, new, where)
            case "enum":
                yield from _symbols(old, new, where)
            case "array":
                yield from self.between(old["items"], new["items"], f"{where}[]")
            case "map":
                yield from self.between(old["values"], new["values"], f"{where}{{}}")
            case "fixed" if old["size"] != new["size"]:
                yield f"{where}: must be {old['size']} bytes, was {new['size']}"

    def _fields(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[str]:
        before = {field["name"]: field for field in old["fields"]}
        for field in new["fields"]:
            names = [field["name"], *field.get("aliases", ())]
            known = next((before[name] for name in names if name in before), None)
            path = f"{where}.{field['name']}"
            if known is not None:
                yield from self.between(known["type"], field["type"], path)
            elif "default" not in field:
                yield f"{path}: is new and has no default"


def _symbols(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[str]:
    for position, symbol in enumerate(old["symbols"]):
        if symbol not in new["symbols"]:
            yield f"{where}: symbol {symbol} is gone"
        elif new["symbols"][position : position + 1] != [symbol]:
            yield f"{where}: symbol {symbol} must stay at {position}, was {new['symbols'].index(symbol)}"


def _named(avro: Any) -> dict[str, Mapping[str, Any]]:
    """Every named type in a schema by its full name."""
    found: dict[str, Mapping[str, Any]] = {}
    waiting = [avro]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            if "name" in part and part.get("type") in ("record", "enum", "fixed"):
                found[part["name"]] = part
            waiting += [part[key] for key in ("type", "items", "values", "fields") if key in part]
    return found


def _resolved(avro: Any, named: Mapping[str, Mapping[str, Any]]) -> Any:
    """A list for a union, else a mapping with the type's name under "type"."""
    while not isinstance(avro, list):
        if isinstance(avro, str):
            avro = named.get(avro, {"type": avro})
        elif isinstance(avro["type"], str) and avro["type"] not in named:
            return avro
        else:
            avro = avro["type"]
    return avro


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _shown(avro: Any) -> str:
    if isinstance(avro, list):
        return f"[{', '.join(_shown(branch) for branch in avro)}]"
    if isinstance(avro, str):
        return avro
    return str(avro.get("logicalType") or avro.get("name") or avro["type"])
