"""The one error tree.

TierfeedError
├── ConfigError      settings or input files are wrong     → exit 2, never retried
├── ContractError    bytes or values break a schema        → dead letter
├── EntitlementError credentials or rights are refused     → exit 2, never retried
├── UpstreamError    a broker, Kafka or ClickHouse is away → exit 3, retried with backoff
└── FencedError      another worker owns this partition    → this process ends, the supervisor restarts it
"""

from collections.abc import Sequence


class TierfeedError(Exception):
    """Anything tierfeed raises on purpose. `exit_code` is what the command line returns for it."""

    exit_code = 1


class ConfigError(TierfeedError):
    """Settings or an input file are wrong. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class ContractError(TierfeedError):
    """Bytes or values that break a schema. The record goes to the dead-letter topic."""


class EntitlementError(TierfeedError):
    """Credentials or rights are refused. Trying again does not help: somebody has to grant something."""

    exit_code = 2


class UpstreamError(TierfeedError):
    """A broker, Kafka or ClickHouse did not do its part. Trying again may help."""

    exit_code = 3


class FencedError(TierfeedError):
    """Another worker owns the partition now. Nothing more may be written from here."""
