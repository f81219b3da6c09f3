"""Settings that lead to a secured cluster, checked whole."""

from pathlib import Path

import pytest

from tierfeed.errors import ConfigError
from tierfeed.settings import load_settings


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def kafka(**given: object) -> dict[str, object]:
    return load_settings(kafka=given).kafka.client()


def test_a_password_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    config = kafka(security_protocol="SASL_SSL", username="acme", password_file=tmp_path / "password")
    assert (config["sasl.username"], config["sasl.password"]) == ("acme", "secret")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"security_protocol": "SASL_SSL", "username": "a"}, "needs username, and password or password_file"),
        (
            {"security_protocol": "SASL_SSL", "username": "a", "password_file": "nowhere"},
            "must be a file that can be read",
        ),
        ({"security_protocol": "SSL", "ca_file": "nowhere"}, "must be a file that can be read, was 'nowhere'"),
        ({"security_protocol": "SSL", "cert_file": __file__}, "cert_file and key_file belong together"),
        ({"ca_file": __file__}, "ca_file need security_protocol SSL or SASL_SSL, was PLAINTEXT"),
        ({"password": "a", "password_file": __file__}, "password and password_file are both set"),
    ],
)
def test_what_does_not_fit_is_told(given: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        kafka(**given)
    assert told in str(caught.value)


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    settings = load_settings(
        kafka={"security_protocol": "SASL_PLAINTEXT", "username": "acme", "password": "hunter2", "key_password": "k3y"}
    )
    assert "hunter2" not in settings.model_dump_json()
    assert "k3y" not in repr(settings)
