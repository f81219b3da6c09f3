import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from tierfeed.cli import app
from tierfeed.cli.shell import Shell
from tierfeed.errors import ConfigError, FencedError, TierfeedError, UpstreamError


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set and nothing is up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERFEED_HOME", str(tmp_path / "home"))


def tierfeed(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments)


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, child in inner.items():
        yield from _commands(child, (*path, name))


COMMANDS = dict(_commands(get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_has_an_example(path: tuple[str, ...]) -> None:
    shown = tierfeed(*path, "--help")
    assert shown.exit_code == 0
    assert f"tierfeed {' '.join(path)}" in " ".join(COMMANDS[path].help.partition("Example:")[2].split())


TABLES = [
    ("demo",), ("drill",), ("up",), ("status",), ("top",), ("sql",), ("consume",), ("doctor",), ("collect", "run"),
    ("topics", "plan"), ("topics", "apply"), ("topics", "list"), ("schemas", "check"), ("schemas", "register"),
    ("tables", "plan"), ("tables", "apply"), ("groups", "list"), ("groups", "show"), ("groups", "reset"),
    ("rights", "plan"), ("rights", "apply"),
    ("tenants", "plan"), ("tenants", "apply"), ("tenants", "list"), ("tenants", "show"), ("tenants", "rotate"),
    ("tenants", "remove"), ("tenants", "feed"), ("history",), ("usage",), ("sla", "budget"), ("sla", "incidents"),
    ("brokers", "quality"), ("brokers", "command"), ("brokers", "commands"), ("gaps",),
    ("credits", "propose"), ("credits", "list"), ("credits", "approve"), ("credits", "reject"),
    ("report", "profit"), ("report", "costs"), ("report", "brokers"), ("report", "usage"), ("report", "health"),
    ("report", "month"), ("ops", "kinds"), ("ops", "import"), ("ops", "list"),
    ("ops", "generate"), ("ops", "forget"), ("close",), ("sink", "rollups"),
    ("config", "show"), ("bench", "stream"), ("bench", "latency"), ("bench", "sink"),
    ("bench", "catchup"), ("bench", "tenants"), ("bench", "business"),
]  # fmt: skip


@pytest.mark.parametrize("path", TABLES, ids=" ".join)
def test_what_prints_a_table_prints_json_too(path: tuple[str, ...]) -> None:
    assert any("--json" in option.opts for option in COMMANDS[path].params)


def test_every_command_is_either_a_table_or_known_not_to_be() -> None:
    rest = {
        ("down",),
        ("stream", "run"),
        ("stream", "warm"),
        ("sink", "run"),
        ("meter", "run"),
        ("sla", "run"),
        ("audit", "run"),
        ("config", "check"),
        ("ops", "template"),
    }
    assert set(COMMANDS) == set(TABLES) | rest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("demo", "--tapes", "x"), "No such option: --tapes"),
        (("topic",), "No such command 'topic'"),
        (("consume",), "Missing option '--tier'"),
        (("stream", "run", "--part", "all"), "'all' is not one of"),
    ],
)
def test_a_wrong_word_is_told_in_one_line(arguments: tuple[str, ...], told: str) -> None:
    refused = tierfeed(*arguments)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: ")
    assert told in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("a"), 2), (UpstreamError("a"), 3), (FencedError("a"), 1), (TierfeedError("a"), 1)],
)
def test_an_error_is_one_line_and_its_own_exit_code(error: TierfeedError, code: int) -> None:
    failed = _failing(error)
    assert (failed.exit_code, failed.stderr, failed.stdout) == (code, "error: a\n", "")


def test_every_problem_has_a_line_of_its_own() -> None:
    assert _failing(ConfigError(["a", "b"])).stderr == "error: a\nerror: b\n"


def test_an_interrupted_command_says_so_by_its_exit_code() -> None:
    interrupted = _failing(KeyboardInterrupt())
    assert (interrupted.exit_code, interrupted.stderr) == (130, "interrupted\n")


def _failing(error: BaseException) -> Any:
    root = typer.Typer(cls=Shell, pretty_exceptions_enable=False)

    @root.command()
    def fail() -> None:
        raise error

    root.callback()(lambda: None)
    return CliRunner().invoke(root, ["fail"])


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERFEED_KAFKA__PARTITIONS", "0")
    monkeypatch.setenv("TIERFEED_SINK__FLUSH_ROWS", "-5")
    refused = tierfeed("config", "check")
    assert refused.exit_code == 2
    assert "kafka.partitions" in refused.stderr
    assert "was '-5'" in refused.stderr
    assert refused.stderr.count("\n") == 2


def test_a_list_that_is_no_json_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERFEED_BROKERS", "fxcm")
    refused = tierfeed("config", "check")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert '"brokers"' in refused.stderr
    assert """such as TIERFEED_BROKERS='["fxcm"]'""" in refused.stderr


def test_a_settings_file_that_is_no_toml_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tierfeed.toml").write_text("[kafka\n")
    monkeypatch.setenv("TIERFEED_CONFIG", str(tmp_path / "tierfeed.toml"))
    refused = tierfeed("config", "check")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "no TOML" in refused.stderr


def test_a_home_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TIERFEED_HOME", str(tmp_path / "file"))
    for command in ("up", "demo", "status"):
        refused = tierfeed(command)
        assert refused.exit_code == 1
        assert refused.stderr.startswith("error: ")
        assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["up", "demo"])
def test_wrong_tiers_are_told_before_anything_starts(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERFEED_TIERS_FILE", str(tmp_path / "nothing.yaml"))
    refused = tierfeed(command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.startswith("error: tiers_file ")


def test_an_address_of_clickhouse_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERFEED_CLICKHOUSE__URL", "localhost:8123")
    told = "error: clickhouse.url: must be http[s]://host[:port], was 'localhost:8123'\n"
    for command in (("sql", "SELECT 1"), ("config", "check")):
        refused = tierfeed(*command)
        assert (refused.exit_code, refused.stderr) == (2, told)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("kafka-1:9404", "must be http[s]://host[:port]"),
        ("http://kafka-1:x/metrics", "Port could not be cast to integer value as 'x'"),
        (
            "http://me:secret@kafka-1:9404/metrics",
            "must be http[s]://host[:port]/metrics without a user: it names the node in tables and logs",
        ),
    ],
)
def test_an_exporters_address_that_is_none_is_told(url: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERFEED_METER__EXPORTERS", json.dumps([url]))
    refused = tierfeed("config", "check")
    assert (refused.exit_code, refused.stderr) == (2, f"error: meter.exporters.0: {rule}, was {url!r}\n")


def test_wrong_tiers_are_found_by_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiers.yaml").write_text("gold: {symbols: all}\n")
    monkeypatch.setenv("TIERFEED_TIERS_FILE", str(tmp_path / "tiers.yaml"))
    refused = tierfeed("config", "check")
    assert refused.exit_code == 2
    assert "tiers.yaml:1: gold.interval_ms must be a whole number" in refused.stderr


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_secrets_are_not_shown(form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERFEED_CLICKHOUSE__PASSWORD", "hunter2")
    monkeypatch.setenv("TIERFEED_CLICKHOUSE__USERNAME", "reader")
    shown = tierfeed("config", "show", *form).stdout
    assert "reader" in shown
    assert "hunter2" not in shown


def test_nothing_up_is_a_problem_that_is_told() -> None:
    found = tierfeed("status", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["running"] is False
    assert tierfeed("down").exit_code == 0


def test_a_tier_that_is_none_is_told_with_those_that_are() -> None:
    refused = tierfeed("consume", "--tier", "gold")
    assert refused.exit_code == 2
    assert refused.stderr == "error: --tier must be one of free, pro, enterprise, was 'gold'\n"


@pytest.mark.parametrize(
    ("tier", "symbol", "told"),
    [
        ("free", "NZDUSD", "--symbol must be one that free carries (EURUSD, GBPUSD), was 'NZDUSD'"),
        ("enterprise", "eurusd", "--symbol must be like EURUSD, in capital letters, was 'eurusd'"),
    ],
)
def test_a_symbol_that_will_never_come_is_told(tier: str, symbol: str, told: str) -> None:
    refused = tierfeed("consume", "--tier", tier, "--symbol", "EURUSD", "--symbol", symbol)
    assert (refused.exit_code, refused.stderr) == (2, f"error: {told}\n")


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf"])
def test_a_speed_is_max_or_above_nothing(speed: str) -> None:
    refused = tierfeed("demo", "--speed", speed)
    assert refused.exit_code == 2
    assert refused.stderr == f"error: --speed must be max or a number above 0, was {speed!r}\n"


def test_a_broker_that_the_tape_does_not_have_is_told() -> None:
    refused = tierfeed("collect", "run", "--broker", "nobody")
    assert refused.exit_code == 2
    assert "has no broker 'nobody'; has fxcm, ic_markets, pepperstone" in refused.stderr


def test_a_parameter_without_a_value_is_told() -> None:
    refused = tierfeed("sql", "SELECT {n:UInt8}", "--param", "n")
    assert (refused.exit_code, refused.stderr) == (2, "error: --param must be NAME=VALUE, was 'n'\n")


def test_schemas_are_listed_and_sound() -> None:
    listed = json.loads(tierfeed("schemas", "check", "--json").stdout)
    assert listed["problems"] == []
    assert {"schema": "Tick", "id": 1}.items() <= listed["schemas"][0].items()


def test_there_must_be_a_registry_to_register_in() -> None:
    refused = tierfeed("schemas", "register")
    assert (refused.exit_code, refused.stderr.count("registry.url")) == (2, 1)


@pytest.mark.parametrize("path", [("--version",), ("config", "show", "--help"), ("down", "--help")], ids=" ".join)
def test_a_command_does_not_wait_for_what_others_import(path: tuple[str, ...]) -> None:
    code = f"import sys; from tierfeed.cli import app; app({path!r}, standalone_mode=False); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numba", "numpy", "pyarrow", "clickhouse_connect", "faust", "authlib"} & set(ended.stdout.split())
