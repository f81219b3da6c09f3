"""docker-compose.kafka.yml and what it mounts, without Docker: against the settings, commands and metrics there are."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml
from prometheus_client import generate_latest
from pydantic import SecretStr

from infra import metrics
from infra.embedded import jars
from infra.metrics import CATALOGUE, Kind, Metric
from tests import servers
from tierfeed.cli import app
from tierfeed.domain.tenants import OWN_PRINCIPALS
from tierfeed.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.kafka.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECURE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "infra" / "compose" / "secure.yml").read_text())["services"]
PARTS = sorted(name for name, service in SERVICES.items() if "build" in service)
ONCE = {name for name in PARTS if SERVICES[name]["restart"] == "no"}
GRAFANA = ROOT / "infra" / "compose" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "tierfeed.json").read_text())
PROMETHEUS = yaml.safe_load((ROOT / "infra" / "compose" / "prometheus.yml").read_text())
RULES = yaml.safe_load((ROOT / "infra" / "compose" / "rules.yml").read_text())["groups"]
CODE = [path for name in ("infra", "collectors", "streams", "sinks", "tenants") for path in (ROOT / name).rglob("*.py")]

MADE_BY_PROMETHEUS = {"up"}
LABELS_OF_A_SCRAPE = {"job", "instance", "part", "le"}
SERIES_OF = {Kind.COUNTER: ("",), Kind.GAUGE: ("",), Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}


def environment(name: str) -> dict[str, str]:
    """What Compose gives a container: `${NAME:-default}` where NAME is not set."""
    given = SERVICES[name].get("environment", {})
    return {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in given.items()}


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    for group in RULES:
        yield from (rule["expr"] for rule in group["rules"])


def named_series(expression: str) -> set[str]:
    """The series in a PromQL expression: words that are neither functions nor in braces or label lists."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)", " ", expression)
    words = re.findall(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)
    return set(words) - {"by", "unless", "and", "or", "without", "on", "ignoring", "sum", "max", "min"}


def named_labels(expression: str) -> set[str]:
    grouped = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression)
    selected = re.findall(r"\{([^}]*)\}", expression)
    return {label.strip() for group in grouped for label in group.split(",")} | {
        label for selector in selected for label in re.findall(r"(\w+)\s*=", selector)
    }


@pytest.mark.parametrize("name", PARTS)
def test_every_setting_of_a_part_exists_and_takes_its_value(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = environment(name)
    for key, value in wanted.items():
        monkeypatch.setenv(key, value)
    settings = load_settings()
    for key, value in wanted.items():
        at: Any = settings
        for step in key.removeprefix("TIERFEED_").lower().split("__"):
            assert step in type(at).model_fields, f"{key} is no setting"
            at = getattr(at, step)
        if isinstance(at, SecretStr):
            at = at.get_secret_value()
        assert (json.dumps(at) if isinstance(at, tuple) else str(at)) == value


@pytest.mark.parametrize("name", PARTS)
def test_every_command_of_a_part_exists_with_its_options(name: str) -> None:
    command: Any = typer.main.get_command(app)
    arguments = list(SERVICES[name]["command"])
    while hasattr(command, "resolve_command"):
        context = command.make_context("tierfeed", [], resilient_parsing=True)
        _, command, arguments = command.resolve_command(context, arguments)
    command.make_context(command.name, arguments)


def test_the_parts_are_those_of_a_deployment_and_agree_on_their_settings() -> None:
    commands = {tuple(SERVICES[name]["command"][:2]) for name in PARTS}
    assert commands == {
        ("topics", "apply"), ("schemas", "register"), ("tables", "apply"),
        ("collect", "run"), ("stream", "run"), ("sink", "run"), ("meter", "run"), ("sla", "run"),
    }  # fmt: skip
    assert len({json.dumps(environment(name), sort_keys=True) for name in PARTS}) == 1


@pytest.mark.parametrize("key", ["KAFKA__BOOTSTRAP_SERVERS", "REGISTRY__URL", "CLICKHOUSE__URL"])
def test_the_addresses_of_the_parts_are_those_of_services(key: str) -> None:
    address = environment("sink")[f"TIERFEED_{key}"]
    host = urlsplit(address).hostname if "//" in address else address.partition(":")[0]
    assert host in SERVICES


def test_nothing_is_published_beyond_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert not any(service.get("network_mode") for service in SERVICES.values())


def test_every_service_is_watched_and_comes_back_but_for_what_is_done_once() -> None:
    for name, service in SERVICES.items():
        if name in ONCE:
            assert service["healthcheck"] == {"disable": True}
        else:
            assert service["restart"] == "unless-stopped"
            assert service["healthcheck"]["test"]


def test_what_a_service_waits_for_exists_and_can_come() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how["condition"] == wanted, f"{name} waits for {other}"


def test_volumes_are_declared_and_mounted_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]


def test_the_servers_are_of_the_versions_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{jars.read_lock().roots[0].rpartition(':')[2]}"
    assert SERVICES["clickhouse"]["image"] == servers.CLICKHOUSE_IMAGE


def test_the_image_has_every_package_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert f"COPY {package} {package}" in lines
        assert f"!{package}" in ignored
    assert [line for line in lines if line.startswith("USER")] == ["USER tierfeed"]


def test_prometheus_asks_every_lasting_part_where_it_answers() -> None:
    (scrape,) = PROMETHEUS["scrape_configs"]
    (found,) = scrape["dns_sd_configs"]
    assert set(found["names"]) == set(PARTS) - ONCE
    assert str(found["port"]) == environment("sink")["TIERFEED_METRICS__PORT"]
    assert scrape["job_name"] == "tierfeed"


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_series_and_label_that_is_asked_for_is_in_the_vocabulary(expression: str) -> None:
    own = {f"{metric.value}{end}" for metric, entry in CATALOGUE.items() for end in SERIES_OF[entry.kind]}
    of_the_process = set(re.findall(r"^(process_\w+)", generate_latest(metrics.REGISTRY).decode(), re.MULTILINE))
    labels = {label for entry in CATALOGUE.values() for label in entry.labels}
    assert named_series(expression)
    assert named_series(expression) <= own | of_the_process | MADE_BY_PROMETHEUS
    assert named_labels(expression) <= labels | LABELS_OF_A_SCRAPE


def test_every_metric_that_is_asked_for_is_counted_somewhere() -> None:
    text = "".join(path.read_text() for path in CODE if path.name != "metrics.py")
    asked = " ".join(expressions())
    assert [metric for metric in Metric if metric.value in asked and f"Metric.{metric.name}" not in text] == []


def test_the_dashboard_is_provisioned_from_the_datasource_it_asks() -> None:
    (datasource,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    asked = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])}
    assert asked == {datasource["uid"]}
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/tierfeed.yml").read_text())["providers"]
    assert any(volume.split(":")[1] == provider["options"]["path"] for volume in SERVICES["grafana"]["volumes"])


def secured(name: str) -> dict[str, str]:
    """What a part's container has when secure.yml is on top, with passwords that somebody has set."""
    given = environment(name if name in SERVICES else "topics") | SECURE[name]["environment"]
    return {key: re.sub(r"\$\{(\w+):\?\}", r"secret-\1", value) for key, value in given.items()}


@pytest.mark.parametrize("name", [name for name in SECURE if name not in ("kafka", "registry")])
def test_a_secured_part_has_a_user_that_is_the_products_own_and_known_to_kafka(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for key, value in secured(name).items():
        monkeypatch.setenv(key, value)
    kafka = load_settings().kafka
    assert kafka.password is not None
    assert kafka.username in OWN_PRINCIPALS
    jaas = secured("kafka")["KAFKA_LISTENER_NAME_INSIDE_PLAIN_SASL_JAAS_CONFIG"]
    assert f'user_{kafka.username}="{kafka.password.get_secret_value()}"' in jaas


def test_every_part_that_speaks_to_kafka_is_secured_and_no_password_has_a_default() -> None:
    without = {"schemas", "tables"}  # which speak to the registry, and to ClickHouse
    assert set(PARTS) - without <= set(SECURE)
    text = (ROOT / "infra" / "compose" / "secure.yml").read_text()
    assert re.findall(r"\$\{\w+_PASSWORD(?!:\?\})", text) == []
    command: Any = typer.main.get_command(app)
    assert SECURE["rights"]["command"][:2] == ["rights", "apply"]
    assert "--no-users" in [
        option for each in command.commands["rights"].commands["apply"].params for option in each.secondary_opts
    ]
