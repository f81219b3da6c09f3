"""Settings: read once from environment and file, checked whole, passed down as values.

Environment `TIERFEED_<GROUP>__<KEY>` goes over `tierfeed.toml` (or the file that `TIERFEED_CONFIG` names), and that
over the defaults. No other module reads the environment.
"""

import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from tierfeed.domain import yamls
from tierfeed.domain.market import Calendar, parse_calendar
from tierfeed.domain.tiers import Tier, parse_tiers
from tierfeed.domain.yamls import Document
from tierfeed.errors import ConfigError

TIERS_FILE = Path(__file__).with_name("tiers.yaml")
MARKET_FILE = Path(__file__).with_name("market.yaml")
ALLOCATION_FILE = Path(__file__).parents[1] / "analytics" / "allocation" / "rules.yaml"


DEFAULT_FILE = "tierfeed.toml"
NOTHING = "null"
"""What takes a setting of the file back, in the environment."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # one that is none raises
        raise ValueError("must be http[s]://host[:port]")
    return url


def _exporter(url: str) -> str:
    if urlsplit(_address(url)).username is not None:
        raise ValueError("must be http[s]://host[:port]/metrics without a user: it names the node in tables and logs")
    return url


def _file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("must be a file that can be read")
    return path


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Group):
    """Where the Kafka cluster is and how to speak to it."""

    bootstrap_servers: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None
    password_file: Annotated[Path | None, AfterValidator(_file)] = None
    ca_file: Annotated[Path | None, AfterValidator(_file)] = None
    cert_file: Annotated[Path | None, AfterValidator(_file)] = None
    key_file: Annotated[Path | None, AfterValidator(_file)] = None
    key_password: SecretStr | None = None
    authorizer_log: Path | None = None
    partitions: int = Field(default=12, ge=1, le=1000)
    replication_factor: int = Field(default=1, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _password_from_file(cls, given: Any) -> Any:
        """A password may be in a file, which a deployment can keep from everybody else."""
        if not isinstance(given, dict) or given.get("password_file") is None:
            return given
        if given.get("password") is not None:
            raise ValueError("password and password_file are both set; one of them is enough")
        file = Path(given["password_file"])
        return given | ({"password": file.read_text().strip()} if file.is_file() else {})

    @model_validator(mode="after")
    def _credentials(self) -> "KafkaSettings":
        if self.security_protocol.startswith("SASL") and (self.username is None or self.password is None):
            raise ValueError(
                f"security_protocol {self.security_protocol} needs username, and password or password_file"
            )
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together, one of them is missing")
        tls = [name for name in ("ca_file", "cert_file") if getattr(self, name) is not None]
        if tls and not self.security_protocol.endswith("SSL"):
            raise ValueError(
                f"{' and '.join(tls)} need security_protocol SSL or SASL_SSL, was {self.security_protocol}"
            )
        return self

    def client(self, **extra: Any) -> dict[str, Any]:
        """librdkafka configuration for this cluster, with `extra` (underscores become dots) on top."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        if self.username is not None and self.password is not None:
            config |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.username,
                "sasl.password": self.password.get_secret_value(),
            }
        if self.ca_file is not None:
            config["ssl.ca.location"] = str(self.ca_file)
        if self.cert_file is not None:
            config |= {"ssl.certificate.location": str(self.cert_file), "ssl.key.location": str(self.key_file)}
        if self.key_password is not None:
            config["ssl.key.password"] = self.key_password.get_secret_value()
        return config | {key.replace("_", "."): value for key, value in extra.items()}


class RegistrySettings(_Group):
    """A Confluent-compatible schema registry. Without a url, ids come from schemas/ids.yaml."""

    url: str | None = None


class ClickHouseSettings(_Group):
    """Where ClickHouse's HTTP interface is."""

    url: Annotated[str, AfterValidator(_address)] = "http://127.0.0.1:8123"
    database: str = "tierfeed"
    username: str = "default"
    password: SecretStr = SecretStr("")


class StreamSettings(_Group):
    """The stream workers. `delivery_timeout_ms` stays below `session_timeout_ms`: a takeover waits it out."""

    app_id: str = "tierfeed-stream"
    session_timeout_ms: int = Field(default=8000, ge=1000)
    delivery_timeout_ms: int = Field(default=4000, ge=500)
    heartbeat_timeout_s: int = Field(
        default=10, ge=1, description="a broker whose sessions are silent for longer leaves"
    )
    quote_lifetime_s: int = Field(default=600, ge=1)
    line_horizon_s: int = Field(default=60, ge=1, description="how long another line's copy of a tick is recognised")
    jump_spreads: float = Field(default=20.0, gt=0, description="a mid that jumps more than this many median spreads …")
    jump_percent: float = Field(default=0.5, gt=0, description="… and more than this many percent is quarantined")
    commit_interval_s: float = Field(default=0.5, gt=0)
    batch_records: int = Field(default=10_000, ge=1)
    stall_s: float = Field(default=30.0, gt=0, description="no progress while there is lag: the worker ends itself")

    @model_validator(mode="after")
    def _delivery_before_session(self) -> "StreamSettings":
        if self.delivery_timeout_ms >= self.session_timeout_ms:
            raise ValueError(
                f"delivery_timeout_ms must be below session_timeout_ms ({self.session_timeout_ms}), "
                f"was {self.delivery_timeout_ms}"
            )
        return self


class SinkSettings(_Group):
    """The sink agents."""

    app_id: str = "tierfeed-sink"
    flush_rows: int = Field(default=200_000, ge=1)
    flush_ms: int = Field(default=1000, ge=1)
    session_timeout_ms: int = Field(default=8000, ge=1000)
    bars_every_s: float = Field(default=5.0, gt=0)
    retention_days: int = Field(default=30, ge=1)


class MeterMode(StrEnum):
    """How the meter learns of commits: from Kafka's own record, by asking, or by asking where it may not read that."""

    AUTO = "auto"
    LOG = "log"
    POLL = "poll"


class MeterSettings(_Group):
    """The meter."""

    mode: MeterMode = MeterMode.AUTO
    flush_s: float = Field(default=30.0, gt=0, description="what a group moves over meanwhile is told as one range")
    exporters: tuple[Annotated[str, AfterValidator(_exporter)], ...] = Field(
        default=(), description="a Prometheus exporter's address on every Kafka node: bytes by user"
    )
    scrape_s: float = Field(default=5.0, gt=0, le=15, description="how often they are asked; their rates are of ~10 s")


class SlaSettings(_Group):
    """What tenants are owed where uptime was not kept, in percent of the month's fee: the largest that applies. And how
    often brokers are asked to fill in what was lost.
    """

    credit_percent: int = Field(default=10, ge=0, le=100, description="where it was below the tier's promise")
    credits: tuple[tuple[Annotated[float, Field(gt=0, lt=100)], Annotated[int, Field(ge=0, le=100)]], ...] = Field(
        default=((99, 25), (95, 50)), description="where it was below the first, the second"
    )
    fills_per_minute: int = Field(
        default=30, ge=0, description="how often brokers' histories are asked for gaps, all brokers together; 0: never"
    )


class MetricsSettings(_Group):
    """Prometheus endpoint of each part, on loopback unless told otherwise. Port 0: any free port; without one, none."""

    host: str = "127.0.0.1"
    port: int | None = None


class _Sources(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="TIERFEED_", env_nested_delimiter="__", env_parse_none_str=NOTHING, extra="forbid", frozen=True
    )

    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    stream: StreamSettings = StreamSettings()
    sink: SinkSettings = SinkSettings()
    meter: MeterSettings = MeterSettings()
    sla: SlaSettings = SlaSettings()
    metrics: MetricsSettings = MetricsSettings()
    brokers: tuple[str, ...] = Field(default=("fxcm", "ic_markets", "pepperstone"), min_length=1)
    broker_upstreams: dict[str, str] = Field(
        default={}, description="brokers that resell one feed, by its name: together they are one for redundancy"
    )
    broker_connections: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="how many sessions at once a broker's contract allows; without: as many as it has lines"
    )
    tiers_file: Path = TIERS_FILE
    market_file: Path = MARKET_FILE
    allocation_file: Path = Field(default=ALLOCATION_FILE, description="the rules by which charges are shared")
    tenants_file: Path = Path("tenants.yaml")
    home: Path = Path(".tierfeed")
    config: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = Path(os.environ.get("TIERFEED_CONFIG", DEFAULT_FILE))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)


class Settings(_Sources):
    """Everything a part may need to know."""

    def tiers(self) -> tuple[Tier, ...]:
        """The tiers in force. Raises ConfigError with every problem of the file."""
        return parse_tiers(read_document(self.tiers_file, "tiers_file"))

    def calendar(self) -> Calendar:
        """When the market is open, by the market file. Raises ConfigError with every problem of it."""
        return parse_calendar(read_document(self.market_file, "market_file"))


def read_document(file: Path, called: str) -> Document:
    """A YAML file with its line numbers. Raises ConfigError where it cannot be read."""
    try:
        return yamls.read(file.read_text(), str(file))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{called} {file}: {error}") from error


def load_settings(**overrides: Any) -> Settings:
    """Read and check the settings. Raises ConfigError with every problem: the key, the rule, and what it was."""
    named = os.environ.get("TIERFEED_CONFIG")
    if named and not Path(named).is_file():
        raise ConfigError(f"TIERFEED_CONFIG names {named}, which is not a file")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigError([_told(problem) for problem in error.errors()]) from error
    except SettingsError as error:
        raise ConfigError(f"{error}: lists are JSON, such as TIERFEED_BROKERS='[\"fxcm\"]'") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the settings file {named or DEFAULT_FILE} is no TOML: {error}") from error


def _told(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "settings"
    rule = problem["msg"].removeprefix("Value error, ")
    was = "" if isinstance(problem["input"], dict) else f", was {problem['input']!r}"
    return f"{key}: {rule}{was}"
