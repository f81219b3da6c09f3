"""What a user of the consumer asks for, checked whole."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from schemas import topics
from tierfeed.client.access import Access
from tierfeed.domain.symbols import CANONICAL
from tierfeed.domain.tenants import TENANT_ID, group_prefix
from tierfeed.errors import ConfigError

LATEST: Final = "latest"
BEGINNING: Final = "beginning"
RESUME: Final = "resume"
PLACES: Final = (LATEST, BEGINNING, RESUME)
Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
PROTOCOLS: Final = get_args(Security)
MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """As `TierConsumer` is told it."""

    bootstrap_servers: str
    tier: str
    tenant: str
    group: str
    symbols: Collection[str]
    from_: str
    latest: bool
    username: str | None
    password: str | None = field(repr=False)
    security_protocol: str | None
    sasl_mechanism: str
    ca_file: str | Path | None

    def access(self) -> Access:
        """Whom Kafka gets to see. Raises ConfigError with every problem found."""
        if found := list(self._problems()):
            raise ConfigError(found)
        has_password = self.password is not None
        guessed = ("SASL_" if has_password else "") + ("SSL" if self.ca_file else "PLAINTEXT")
        return Access(
            bootstrap_servers=self.bootstrap_servers,
            tenant=self.tenant,
            topic=topics.tier(self.tier),
            group=group_prefix(self.tenant) + self.group,
            security_protocol=self.security_protocol or guessed,
            sasl_mechanism=self.sasl_mechanism,
            username=(self.username or self.tenant) if has_password else None,
            password=self.password,
            ca_file=None if self.ca_file is None else Path(self.ca_file),
        )

    def _problems(self) -> Iterator[str]:
        if not TENANT_ID.fullmatch(self.tenant):
            yield f"tenant must be like acme: small letters, digits, '_' and '-', was {self.tenant!r}"
        for word, name in (("tier", self.tier), ("group", self.group)):
            if not NAME.fullmatch(name):
                yield f"{word} must be a name of letters, digits, '.', '_' and '-', was {name!r}"
        if isinstance(self.symbols, str):
            yield f"symbols must be a collection of names, was the text {self.symbols!r}"
        elif strange := sorted(name for name in self.symbols if not CANONICAL.fullmatch(name)):
            yield f"symbols must be like EURUSD, in capital letters, were {', '.join(strange)}"
        if self.from_ not in PLACES:
            yield f"from_ must be one of {', '.join(PLACES)}, was {self.from_!r}"
        elif self.latest and self.from_ != LATEST:
            yield f"latest=True goes on from the last values: from_ must be 'latest', was {self.from_!r}"
        yield from self._problems_of_security()

    def _problems_of_security(self) -> Iterator[str]:
        protocol = self.security_protocol
        if protocol is not None and protocol not in PROTOCOLS:
            yield f"security_protocol must be one of {', '.join(PROTOCOLS)}, was {protocol!r}"
        elif protocol is not None and protocol.startswith("SASL") != (self.password is not None):
            has = "none" if self.password is None else "one"
            yield f"security_protocol {protocol} and password must go together, of the latter there was {has}"
        if self.sasl_mechanism not in MECHANISMS:
            yield f"sasl_mechanism must be one of {', '.join(MECHANISMS)}, was {self.sasl_mechanism!r}"
        if self.username is not None and self.password is None:
            yield f"username {self.username!r} needs a password"
