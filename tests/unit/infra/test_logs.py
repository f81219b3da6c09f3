import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from infra import logs
from tierfeed.settings import KafkaSettings

SECRET = "hunter2"
SECURED = KafkaSettings.model_validate({"security_protocol": "SASL_SSL", "username": "u", "password": SECRET})


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_service_logs_one_json_object_a_line_with_what_was_bound() -> None:
    out = io.StringIO()
    logs.configure(stream=out, part="stream")
    structlog.get_logger("streams.app").warning("lagging", topic="ticks.fxcm", partition=3)
    (line,) = lines(out)
    assert line.pop("timestamp")
    assert line == {
        "event": "lagging",
        "level": "warning",
        "logger": "streams.app",
        "part": "stream",
        "topic": "ticks.fxcm",
        "partition": 3,
    }


def test_what_libraries_log_takes_the_same_way() -> None:
    out = io.StringIO()
    logs.configure(stream=out, part="sink")
    logging.getLogger("faust.app").warning("Consumer %s is slow", "c1")
    (line,) = lines(out)
    assert (line["event"], line["logger"], line["part"]) == ("Consumer c1 is slow", "faust.app", "sink")


def test_libraries_are_quiet_when_all_is_well_unless_debugged() -> None:
    for level, heard in (("INFO", 0), ("DEBUG", 1)):
        out = io.StringIO()
        logs.configure(level, "json", out)
        logging.getLogger("mode.services").info("started")
        assert len(lines(out)) == heard


def test_a_level_silences_what_is_below_it() -> None:
    out = io.StringIO()
    logs.configure("ERROR", "json", out)
    structlog.get_logger("x").warning("no")
    structlog.get_logger("x").error("yes")
    assert [line["event"] for line in lines(out)] == ["yes"]


def test_a_person_reads_key_and_value() -> None:
    out = io.StringIO()
    logs.configure("INFO", "console", out)
    structlog.get_logger("x").info("started", port=9092)
    assert "started" in out.getvalue()
    assert "port=9092" in out.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "fields",
    [
        {"password": SECRET},
        {"config": SECURED.client()},
        {"tries": [{"api_key": SECRET}]},
        {"url": f"http://tierfeed:{SECRET}@clickhouse:8123/"},
        {"frame": f"8=FIX.4.4\x0135=A\x01553={SECRET}\x01554={SECRET}\x0110=000\x01"},
        {"frame": f"35=A|554={SECRET}|".encode()},
        {"error": ValueError(f"sasl.password: '{SECRET}' is wrong, password={SECRET}")},
    ],
    ids=["field", "client configuration", "nested", "url", "fix logon", "fix logon bytes", "text of an error"],
)
def test_a_secret_never_reaches_the_log(form: str, fields: dict[str, object]) -> None:
    out = io.StringIO()
    logs.configure("INFO", "json" if form == "json" else "console", out)
    structlog.get_logger("x").info("connecting", **fields)
    logging.getLogger("x").warning("connecting with password=%s", SECRET)
    try:
        raise RuntimeError(f"554={SECRET}|")
    except RuntimeError:
        structlog.get_logger("x").exception("refused")
    assert out.getvalue().count("connecting") == 2
    assert SECRET not in out.getvalue()


def test_what_is_no_secret_stays() -> None:
    out = io.StringIO()
    logs.configure(stream=out)
    structlog.get_logger("x").info("insert", token="ticks.fxcm-3-0-99", rows=100, url="http://127.0.0.1:8123/?x=1")
    (line,) = lines(out)
    assert (line["token"], line["rows"], line["url"]) == ("ticks.fxcm-3-0-99", 100, "http://127.0.0.1:8123/?x=1")
