"""Migrations go forward, in order, and never change."""

from pathlib import Path

import pytest

from infra.clickhouse import Applied, Migration, load_migrations, plan_migrations
from tierfeed.errors import ConfigError


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.sql").write_text(text)
    return tmp_path


def migration(number: int, sql: str = "SELECT 1") -> Migration:
    return Migration(number, f"step_{number}", sql)


def seen(migration: Migration) -> Applied:
    return Applied(migration.number, migration.name, migration.checksum)


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    found = load_migrations(
        folder(tmp_path, **{"0002_bars": "CREATE b; CREATE c", "0001_ticks": "-- first;\nCREATE a;"})
    )
    assert [migration.file for migration in found] == ["0001_ticks.sql", "0002_bars.sql"]
    assert found[1].statements == ["CREATE b", "CREATE c"]


def test_everything_wrong_with_a_folder_is_told_at_once(tmp_path: Path) -> None:
    files = {"0001_a": "SELECT 1", "0001_b": "SELECT 1", "0003_c": "SELECT 1", "0004_d": "-- empty", "Bad": "SELECT 1"}
    with pytest.raises(ConfigError) as wrong:
        load_migrations(folder(tmp_path, **files))
    told = str(wrong.value)
    assert len(wrong.value.problems) == 4
    assert "0001_b.sql: the number is taken by 0001_a.sql" in told
    assert "0003_c.sql: the next number must be 0002, was 0003" in told
    assert "0004_d.sql: holds no statement" in told
    assert "Bad.sql: a migration is named NNNN_name.sql" in told


def test_only_what_was_not_applied_is_pending() -> None:
    first, second = migration(1), migration(2)
    assert plan_migrations([first, second], []) == (first, second)
    assert plan_migrations([first, second], [seen(first)]) == (second,)
    assert plan_migrations([first, second], [seen(first), seen(second)]) == ()


def test_a_changed_file_is_named() -> None:
    changed = migration(1, "SELECT 2")
    with pytest.raises(ConfigError, match=r"0001_step_1\.sql: was changed after it was applied"):
        plan_migrations([changed], [seen(migration(1, "SELECT 1"))])


def test_a_missing_file_and_one_put_in_front_are_named() -> None:
    with pytest.raises(ConfigError) as wrong:
        plan_migrations([migration(1), migration(2)], [seen(migration(2)), seen(migration(3))])
    assert wrong.value.problems == (
        "0003_step_3.sql: was applied, but there is no such file",
        "0001_step_1.sql: comes before 0003, which was applied",
    )


def test_line_ends_do_not_change_a_file() -> None:
    assert migration(1, "SELECT\r\n1").checksum == migration(1, "SELECT\n1").checksum
