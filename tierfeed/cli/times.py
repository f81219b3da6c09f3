"""Times and spans that somebody types."""

from datetime import UTC, datetime

from tierfeed.errors import ConfigError


def moment(option: str, given: str) -> datetime:
    """UTC where no zone is named. Raises ConfigError."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ConfigError(f"{option} must be a time such as 2026-11-26T09:00, was {given!r}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def span(begin: str, end: str | None, now: datetime | None = None) -> tuple[datetime, datetime]:
    """(--from, --to); without an end, until `now`. Raises ConfigError."""
    problems: list[str] = []
    times: list[datetime] = []
    for option, given in (("--from", begin), ("--to", end)):
        try:
            times.append((now or datetime.now(UTC)) if given is None else moment(option, given))
        except ConfigError as error:
            problems += error.problems
    if not problems and times[0] >= times[1]:
        problems.append(f"--from must be before --to, was {begin!r} and {end or 'now'!r}")
    if problems:
        raise ConfigError(problems)
    return times[0], times[1]
