import json
from pathlib import Path

import pytest

from tierfeed.cli.stack import BusyError, Folder, Stack, embedded, environment, found, part, reached
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


def test_parts_do_not_fight_for_one_metrics_port(tmp_path: Path) -> None:
    settings = embedded(Settings(metrics=MetricsSettings(port=9100)), STACK)
    assert environment(settings, tmp_path)["TIERFEED_METRICS__PORT"] == "0"
    assert "TIERFEED_METRICS__PORT" not in environment(embedded(Settings(), STACK), tmp_path)


def test_a_part_is_a_command_of_this_very_installation() -> None:
    made = part("sink", ("sink", "run"), {"A": "b"})
    assert made.argv[1:] == ("-m", "tierfeed", "sink", "run")
    assert json.loads(made.ready or "") == {"event": "part ready"}
