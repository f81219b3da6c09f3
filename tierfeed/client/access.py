"""As whom a consumer reads, and Kafka's refusals in words that say what to do about them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiokafka import errors
from aiokafka.conn import collect_hosts, create_conn

from tierfeed.errors import ConfigError, EntitlementError, UpstreamError

PROBE_MS: Final = 5000
REFUSED_LOGIN: Final = (
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
    errors.IllegalSaslStateError,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the Kafka cluster is, who asks, and for what."""

    bootstrap_servers: str
    tenant: str
    topic: str
    group: str
    security_protocol: str
    sasl_mechanism: str
    username: str | None
    password: str | None = field(repr=False)
    ca_file: Path | None

    def connection(self) -> dict[str, Any]:
        """aiokafka's words for it. Raises ConfigError where the CA's certificate cannot be read."""
        found: dict[str, Any] = {"security_protocol": self.security_protocol}
        if self.security_protocol.endswith("SSL"):
            try:
                found["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
            except OSError as error:
                raise ConfigError(f"ca_file {self.ca_file}: {error}") from error
        if self.security_protocol.startswith("SASL"):
            found |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return found

    @contextmanager
    def told(self) -> Iterator[None]:
        """Kafka's errors as ours: EntitlementError, ConfigError, UpstreamError."""
        try:
            yield
        except REFUSED_LOGIN as error:
            raise EntitlementError(
                f"{self._who()}: the Kafka cluster at {self.bootstrap_servers} refuses user {self.username!r} over "
                f"{self.security_protocol} ({error}): check username, password and security_protocol"
            ) from error
        except errors.TopicAuthorizationFailedError as error:
            raise EntitlementError(
                f"{self._who()}: topic {self.topic} must not be read as {self.username!r} ({error}): "
                "have the tenant granted the tier, or read one that it has"
            ) from error
        except errors.GroupAuthorizationFailedError as error:
            raise EntitlementError(
                f"{self._who()}: group {self.group} must not be used as {self.username!r} ({error}): "
                f"a tenant has the groups whose names begin with its id and a dot; tenant and username must agree"
            ) from error
        except errors.ClusterAuthorizationFailedError as error:
            raise EntitlementError(f"{self._who()}: refused as {self.username!r} ({error})") from error
        except (errors.UnknownTopicOrPartitionError, errors.InvalidTopicError) as error:
            raise ConfigError(f"topic {self.topic} is not there ({error!r}): check the tier's name") from error
        except ssl.SSLError as error:
            raise ConfigError(
                f"the Kafka cluster at {self.bootstrap_servers} cannot be spoken to over {self.security_protocol} "
                f"({error}): check ca_file ({self.ca_file}) and security_protocol"
            ) from error
        except errors.KafkaError as error:
            raise UpstreamError(f"{self._who()}: topic {self.topic} cannot be read: {error!r}") from error

    def _who(self) -> str:
        return f"tenant {self.tenant}, topic {self.topic}, group {self.group}"

    async def probe(self) -> None:
        """Log in once. Raises what `told` knows for a refused login or TLS, nothing where the cluster is merely away.

        aiokafka itself logs a refused login, and tries again for ever.
        """
        for host, port, _ in collect_hosts(self.bootstrap_servers):
            try:
                connection = await create_conn(host, port, request_timeout_ms=PROBE_MS, **self.connection())
            except ssl.SSLError:
                raise
            except (OSError, errors.KafkaConnectionError, errors.RequestTimedOutError):
                continue
            connection.close()
            return
