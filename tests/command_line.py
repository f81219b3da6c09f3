"""The real command line in processes of its own, in a home of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tierfeed.settings import ClickHouseSettings

RUN_S = 280


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`tierfeed` as somebody would run it who has set nothing else."""

    home: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIERFEED_")}
        return inherited | {"TIERFEED_HOME": str(self.home)} | self.extra

    def arguments(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tierfeed", *arguments]

    def run(self, *arguments: str, within_s: float = RUN_S) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.arguments(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """What a command that has to succeed prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json("sql", statement)
        return found


def use(database: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Commands that run in this process ask this database, and find neither a settings file nor a running stack."""
    monkeypatch.chdir(folder)
    for name in ("url", "database", "username"):
        monkeypatch.setenv(f"TIERFEED_CLICKHOUSE__{name.upper()}", getattr(database, name))
    monkeypatch.setenv("TIERFEED_CLICKHOUSE__PASSWORD", database.password.get_secret_value())
