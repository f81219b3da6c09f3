"""YAML with its line numbers, so that a problem can say where it is. Keys given twice are problems, too."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
"""Keys and list positions from the document down to a value."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML text says, and where. `name` is what problems call the text: its file."""

    name: str
    value: Any
    lines: dict[Path, int] = field(repr=False)
    twice: tuple[Path, ...] = ()

    def where(self, *path: str | int) -> str:
        """`file:line` of a value; of what surrounds it where it is missing."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"

    def problems(self) -> Iterator[str]:
        """Keys that are given twice: YAML would let the last one win."""
        for path in self.twice:
            yield f"{self.where(*path)}: {'.'.join(map(str, path))} is given twice"


def read(text: str, name: str) -> Document:
    """Read a YAML text. Raises yaml.YAMLError, which says where, if it is none."""
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        value = None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
    lines: dict[Path, int] = {}
    twice: list[Path] = []
    if node is not None:
        _walk(node, (), lines, twice)
    return Document(name, value, lines, tuple(twice))


def _walk(node: Any, path: Path, lines: dict[Path, int], twice: list[Path]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*path, key.value)
            if below in lines:
                twice.append(below)
            lines[below] = key.start_mark.line + 1
            _walk(value, below, lines, twice)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            _walk(value, (*path, at), lines, twice)
