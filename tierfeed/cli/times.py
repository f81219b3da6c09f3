"""Spans of time that somebody types."""

from datetime import UTC, datetime

from tierfeed.errors import ConfigError


def span(begin: str, end: str | None, now: datetime | None = None) -> tuple[datetime, datetime]:
    """(--from, --to); without an end, until `now`. UTC where no zone is named. Raises ConfigError."""
    problems, times = [], []
    for option, given in (("--from", begin), ("--to", end)):
        try:
            at = (now or datetime.now(UTC)) if given is None else datetime.fromisoformat(given)
        except ValueError:
            problems.append(f"{option} must be a time such as 2026-11-26T09:00, was {given!r}")
        else:
            times.append(at if at.tzinfo else at.replace(tzinfo=UTC))
    if not problems and times[0] >= times[1]:
        problems.append(f"--from must be before --to, was {begin!r} and {end or 'now'!r}")
    if problems:
        raise ConfigError(problems)
    return times[0], times[1]
