"""The documents, held to what is there: files, links, commands, examples, vocabulary, and `.ci/run`."""

import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from collectors.replay.tapefile import load_tape_file
from infra.metrics import Metric
from schemas import topics
from tierfeed.cli import app
from tierfeed.domain.words import BrokerStatus, ControlKind, Drop, GapCause, QuoteState
from tierfeed.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "collectors/replay/README.md"])
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
LOCK = (ROOT / "requirements.lock").read_text().splitlines()

COMMAND = re.compile(r"(?:^ {4}|`)(?:TIERFEED_\w+=\S+ )?(?:\.venv/bin/)?(tierfeed(?: [^`#\n]+)?)", re.MULTILINE)
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
TOP = {path.name for path in ROOT.iterdir()}


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def commands() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for found in COMMAND.findall(document.read_text()):
            yield document.name, re.sub(r"\s*…\s*$", "", found.strip())


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        linked = (document.parent / file).resolve() if file else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_every_path_of_the_repository_that_is_named_exists(document: Path) -> None:
    for path in PATH.findall(document.read_text()):
        if path.split("/")[0] in TOP - {".tierfeed"} and path not in {"bench/RESULTS.md", "build/"}:
            assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_no_document_knows_a_machine(document: Path) -> None:
    text = document.read_text()
    assert not re.search(r"(/home|/root|/work|/tmp|/Users)/", text)


@pytest.mark.parametrize(("document", "line"), sorted(set(commands())))
def test_every_command_that_is_named_exists_with_its_options(document: str, line: str) -> None:
    command: Any = typer.main.get_command(app)
    arguments = shlex.split(line)[1:]
    while hasattr(command, "resolve_command") and arguments and not arguments[0].startswith("-"):
        context = command.make_context("tierfeed", [], resilient_parsing=True)
        _, command, arguments = command.resolve_command(context, arguments)
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in arguments if word.startswith("--")} <= options | {"--help"}


def test_every_test_that_proves_something_exists() -> None:
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    for document in DOCUMENTS:
        assert set(re.findall(r"\b(test_\w+\.py)\b", document.read_text())) <= tests


def test_every_metric_that_is_named_exists() -> None:
    words = {metric.value for metric in Metric}
    for document in DOCUMENTS:
        assert set(re.findall(r"`(tierfeed_\w+)`", document.read_text())) <= words


def test_every_setting_of_the_table_exists() -> None:
    table = (ROOT / "docs/operations.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert rows
    for row in rows:
        group = ""
        for name in re.findall(r"`([\w.]+)`", row):
            group = name.rpartition(".")[0] or group
            at: Any = Settings
            for step in [*filter(None, [group]), name.rpartition(".")[2]]:
                assert step in at.model_fields, name
                at = at.model_fields[step].annotation


def test_every_topic_is_in_the_operators_table() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    for pattern in topics.PATTERNS.values():
        name = pattern.name.replace("{", "<").replace("}", ">")
        assert f"| `{name}` |" in text


def test_every_alert_is_explained_to_the_operator() -> None:
    groups = yaml.safe_load((ROOT / "infra/compose/rules.yml").read_text())["groups"]
    text = (ROOT / "docs/operations.md").read_text()
    assert [rule["alert"] for group in groups for rule in group["rules"] if rule["alert"] not in text] == []


def test_the_architecture_knows_every_outcome_status_state_and_control() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    words = [drop.name.lower() for drop in Drop] + [word.name for kind in (BrokerStatus, QuoteState) for word in kind]
    words += [kind.name for kind in ControlKind] + [cause.value for cause in GapCause]
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("document", ADRS, ids=named(ADRS))
def test_a_decision_has_its_four_parts_and_a_number(document: Path) -> None:
    text = document.read_text()
    assert text.startswith(f"# {document.name[:4]} ")
    parts = [text.find(f"**{part}.**") for part in ("Context", "Decision", "Rejected", "Consequences")]
    assert parts == sorted(parts)
    assert parts[0] > 0


def test_the_tape_of_the_readme_is_a_tape(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(# TAPE\.yaml\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "TAPE.yaml").write_text(text)
    (tmp_path / "eurusd.csv").write_text("time,bid,ask\n1700000000000,1.1,1.2\n")
    assert load_tape_file(tmp_path / "TAPE.yaml").brokers == ("fxcm", "pepperstone")


def test_the_readme_shows_the_python_examples_that_are_there() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    examples = [re.sub(r"  # noqa.*", "", path.read_text()) for path in (ROOT / "docs/examples").glob("*.py")]
    assert blocks
    assert [block for block in blocks if not any(example.endswith(block) for example in examples)] == []


def test_every_target_of_the_makefile_is_listed_and_the_readme_names_only_targets() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)[0].split())
    assert phony == set(re.findall(r"^([a-z]+):.*##", text, re.MULTILINE))
    named_in_documents = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"(?:^ {4}|`)make ([a-z]+)", document.read_text(), re.M)
    }
    assert named_in_documents <= phony


def test_the_lock_names_every_dependency_exactly_and_nothing_else() -> None:
    locked = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in LOCK if not line.startswith("#")]
    assert all(locked)
    names = {canonical(match[1]) for match in locked if match}
    assert len(names) == len(locked)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["test"]]
    wanted += [*project["build-system"]["requires"], "editables"]
    assert {canonical(re.split(r"[\[<>=~!; ]", entry)[0]) for entry in wanted} <= names


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("given", [None, "false"])
def test_ci_runs_make_test_and_says_that_it_is_ci(tmp_path: Path, given: str | None) -> None:
    done = run_ci(tmp_path, ("kcat", "chromium"), {} if given is None else {"CI": given})
    assert done.splitlines() == [f"make test CI={given or 'true'}"]


def test_ci_installs_what_is_missing(tmp_path: Path) -> None:
    done = run_ci(tmp_path, (), {}).splitlines()
    assert [line.split()[0] for line in done] == ["apt-get", "apt-get", "make"]
    assert " update" in done[0]
    assert " install " in done[1]
    assert done[1].endswith(" kcat chromium")


def run_ci(folder: Path, there: tuple[str, ...], environment: dict[str, str]) -> str:
    """What .ci/run would do on a machine that has `there`: every program it calls says what it was told."""
    programs = {name: f'echo "{name} $*"' for name in there}
    programs |= {"apt-get": 'echo "apt-get $*"', "make": 'echo "make $* CI=$CI"', "python3": "true"}
    programs |= {"sudo": '"$@"', "dirname": 'echo "${1%/*}"', "bash": 'exec /bin/bash "$@"'}
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["/bin/bash", str(ROOT / ".ci" / "run")],
        env={"PATH": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout


def test_ci_may_be_executed() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
