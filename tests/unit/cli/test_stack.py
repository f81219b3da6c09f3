import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.embedded.kafka import signed_in
from tierfeed.cli.stack import BusyError, Folder, Stack, embedded, environment, found, part, reached
from tierfeed.domain.tenants import ADMIN
from tierfeed.settings import KafkaSettings, MetricsSettings, Settings

STACK = Stack("up", ("a", "b"), "127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")


def test_a_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.noted() is None
    folder.write(STACK)
    assert folder.noted() == STACK


def test_a_note_of_a_stack_that_has_ended_is_no_running_stack(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "up")
    folder.path.mkdir()
    folder.write(STACK)
    assert found(tmp_path) is None


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with Folder(tmp_path / "up").exclusive(), pytest.raises(BusyError, match="another process runs in"):
        Folder(tmp_path / "up").exclusive().__enter__()
    with Folder(tmp_path / "up").exclusive():
        pass


def test_without_a_stack_the_settings_stay_as_they_are(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert reached(settings) is settings


def test_parts_are_told_of_the_stack_over_whatever_else_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = KafkaSettings(bootstrap_servers="far:9092", security_protocol="SASL_SSL", username="u", password="p")
    told = environment(embedded(Settings(kafka=remote), STACK), tmp_path)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.kafka.bootstrap_servers == "127.0.0.1:1"
    assert settings.kafka.security_protocol == "PLAINTEXT"
    assert settings.clickhouse.url == "http://127.0.0.1:2"
    assert (settings.brokers, settings.home) == (("a", "b"), tmp_path)
    assert "sasl.password" not in embedded(Settings(kafka=remote), STACK).kafka.client()


@pytest.mark.parametrize("secured", [False, True])
def test_nothing_of_another_cluster_is_mixed_into_what_the_parts_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secured: bool
) -> None:
    for name in ("ca", "cert", "key", "password"):
        (tmp_path / name).write_text("of another cluster")
    (tmp_path / "tierfeed.toml").write_text(
        f"""
        [kafka]
        bootstrap_servers = "far:9093"
        security_protocol = "SASL_SSL"
        sasl_mechanism = "PLAIN"
        username = "somebody"
        password_file = "{tmp_path}/password"
        ca_file = "{tmp_path}/ca"
        cert_file = "{tmp_path}/cert"
        key_file = "{tmp_path}/key"
        key_password = "k"
        authorizer_log = "/var/log/kafka/authorizer.log"
        [clickhouse]
        username = "somebody"
        password = "else"
        """
    )
    monkeypatch.setenv("TIERFEED_CONFIG", str(tmp_path / "tierfeed.toml"))
    monkeypatch.setenv("TIERFEED_CLICKHOUSE__DATABASE", "mine")
    stack = STACK
    if secured:
        (tmp_path / "secrets").write_text(json.dumps({ADMIN: "p"}))
        (tmp_path / "secret").write_text("c")
        stack = replace(STACK, secrets=str(tmp_path / "secrets"), clickhouse_secret=str(tmp_path / "secret"))
    given = embedded(Settings(), stack)
    for name, value in environment(given, tmp_path).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.kafka == given.kafka
    assert settings.clickhouse == given.clickhouse
    plain = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    assert settings.kafka.client() == (signed_in(plain, tmp_path / "secrets", ADMIN) if secured else plain).client()


def test_parts_do_not_fight_for_one_metrics_port(tmp_path: Path) -> None:
    settings = embedded(Settings(metrics=MetricsSettings(port=9100)), STACK)
    assert environment(settings, tmp_path)["TIERFEED_METRICS__PORT"] == "0"
    assert "TIERFEED_METRICS__PORT" not in environment(embedded(Settings(), STACK), tmp_path)


def test_a_part_is_a_command_of_this_very_installation() -> None:
    made = part("sink", ("sink", "run"), {"A": "b"})
    assert made.argv[1:] == ("-m", "tierfeed", "sink", "run")
    assert json.loads(made.ready or "") == {"event": "part ready"}
