"""What it means to set a group's offsets: which records it reads again, which never, and what may not be. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tierfeed.cli.clusters import Place
from tierfeed.errors import ConfigError

BEGINNING, LATEST = "beginning", "latest"
TOLD = 3
"""Partitions that a refusal names."""


class Role(StrEnum):
    """Whose group it is."""

    TIERS = "tiers"
    LATEST = "latest"
    SINK = "sink"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a group stands on one partition. `resumes`: where it would go on, which may be before its commit."""

    place: Place
    committed: int
    resumes: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Move:
    """One partition's part of a reset."""

    was: Standing
    to: int

    @property
    def back(self) -> int:
        return max(self.was.committed - self.to, 0)

    @property
    def unprocessed(self) -> int:
        """Records that nobody has processed and nobody will. What is gone from the topic is not among them."""
        return max(self.to - max(self.was.committed, self.was.first), 0)

    @property
    def unread(self) -> int:
        """Records that the group would have read, for the first time or again."""
        return max(self.to - max(self.was.resumes, self.was.first), 0)


def role_of(name: str, groups: Iterable[str], app_id: str, sink_id: str) -> Role:
    """Also of a deployment that these settings do not name: its two stream groups have one stem."""
    stem, _, kind = name.rpartition("-")
    if kind in (Role.TIERS, Role.LATEST) and (stem == app_id or f"{stem}-{Role.TIERS}" in groups):
        return Role(kind)
    return Role.SINK if name == sink_id else Role.OTHER


def plan_reset(to: str, role: Role, standings: Iterable[Standing]) -> list[Move]:
    """Where each partition goes: `to`, within what the partition has. Raises ConfigError; touches nothing."""
    moves = [Move(was, _target(to, was)) for was in sorted(standings, key=lambda was: was.place)]
    skipping = [move for move in moves if move.unread]
    if role is Role.LATEST and skipping:
        raise ConfigError(_refusal(to, skipping))
    return moves


def _target(to: str, was: Standing) -> int:
    if to == BEGINNING:
        return was.first
    if to == LATEST:
        return was.end
    if not (to.isascii() and to.isdecimal()):
        raise ConfigError(f"--to must be {BEGINNING}, {LATEST} or an offset, was {to!r}")
    return min(max(int(to), was.first), was.end)


def _refusal(to: str, skipping: Sequence[Move]) -> str:
    told = [f"{move.was.place[0]}/{move.was.place[1]} from {move.was.resumes} to {move.to}" for move in skipping]
    more = f" and {len(told) - TOLD} more" if len(told) > TOLD else ""
    return (
        f"--to {to} would skip {sum(move.unread for move in skipping):,} records ({', '.join(told[:TOLD])}{more}): the "
        f"latest agent would then claim that .latest reflects them, and takeovers number on from there. This group can "
        f"only be set back; to bring it to the end, run `tierfeed stream run --part latest`"
    )


def meaning(role: Role, moves: Sequence[Move]) -> list[str]:
    """What will come of it, in sentences."""
    if role is Role.TIERS:
        return list(_meaning_for_tiers(moves))
    back = sum(move.back for move in moves)
    if role is Role.LATEST and back:
        return [
            f"{back:,} tier records are read again. Until nothing waits for the group any more, .latest may hold older "
            f"values than before: start and end no worker of the tiers meanwhile"
        ]
    return ["nothing changes: the sink goes on where ClickHouse says"] if role is Role.SINK else []


def _meaning_for_tiers(moves: Sequence[Move]) -> Iterable[str]:
    if lost := sum(move.unprocessed for move in moves):
        yield (
            f"{lost:,} records are SKIPPED for good: their ticks reach no tier and no quality window; only the table "
            f"`ticks` will have them"
        )
    if back := sum(move.back for move in moves):
        yield f"{back:,} records are read again; what was published is not published again"
    if any(move.unread for move in moves):
        yield (
            "quotes from before the new offsets are forgotten: a broker is missing from a composite until it ticks "
            "again. Going back to the beginning has no such gap"
        )
