"""What a group has committed, and from where on whoever takes over reads. Pure."""

from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING


@dataclass(frozen=True, slots=True)
class Committed:
    """What the group last committed for a partition; `offset` is None where it never did."""

    offset: int | None
    metadata: str


def rewind(offset: int) -> str:
    """A commit's metadata that has whoever takes over start at `offset`, before the commit."""
    return f"rewind={offset}"


def start(was: Committed) -> int:
    """Rewind as far as the last commit's metadata says, else go on at the commit, else begin."""
    key, _, value = was.metadata.partition("=")
    if key == "rewind" and value.isdecimal():
        return int(value)
    return OFFSET_BEGINNING if was.offset is None else was.offset
