"""One line of Kafka's authorizer log. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tierfeed.domain.tenants import RESERVED, TENANT_ID

_DENIED: Final = re.compile(
    r"Principal = User:(?P<principal>.*?) is Denied operation = (?P<operation>\w+) from host = (?P<host>\S+) "
    r"on resource = (?P<type>\w+):(?:LITERAL|PREFIXED):(?P<resource>.*) for request = (?P<request>\w+) "
    r"with resourceRefCount = \d+ based on rule (?P<rule>.+?)(?: \(kafka\.authorizer\.logger\))?$"
)
_EPOCH_MS: Final = re.compile(r"(\d{13}) ")
_ISO: Final = re.compile(r"\[?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d),(\d{3})")
"""As Kafka's own log4j2.yaml has it; the server's clock is taken to run on UTC."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Something that a user asked for and was refused. `host` is Kafka's text of the address."""

    time: datetime
    principal: str
    operation: str
    resource_type: str
    resource: str
    request: str
    host: str
    rule: str

    @property
    def tenant(self) -> str | None:
        """Whose user it is; None where it is none of a tenant's."""
        is_tenant = TENANT_ID.fullmatch(self.principal) and self.principal not in RESERVED
        return self.principal if is_tenant else None


def parse(line: str) -> Denial | None:
    """The denial that a line tells of; None where it tells of none, or cannot be read."""
    found, time = _DENIED.search(line), _time(line)
    if found is None or time is None:
        return None
    return Denial(
        time=time,
        principal=found["principal"],
        operation=found["operation"],
        resource_type=found["type"],
        resource=found["resource"],
        request=found["request"],
        host=found["host"],
        rule=found["rule"],
    )


def _time(line: str) -> datetime | None:
    if (epoch := _EPOCH_MS.match(line)) is not None:
        return datetime.fromtimestamp(int(epoch[1]) / 1000, UTC)
    if (iso := _ISO.match(line)) is not None:
        at = datetime.fromisoformat(iso[1])
        return at.replace(tzinfo=UTC, microsecond=int(iso[2]) * 1000)
    return None
