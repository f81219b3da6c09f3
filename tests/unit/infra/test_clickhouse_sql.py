"""Where statements end and where an INSERT's rows begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.clickhouse_sql import insert_with_data, kill_query, output_format, several_statements, statements, verb

PIECES = st.sampled_from(
    ["SELECT 1", "'a;b'", "'it''s; \\' ;'", '"x;y"', "`p;q`", "/* ; */", "-- ;\n", "(1, ';')", "$h$ ; ' $h$", "a"]
)


@given(st.lists(st.lists(PIECES, min_size=1).map(" ".join).map(lambda text: "x " + text), max_size=5))
def test_a_script_is_split_at_its_semicolons_only(parts: list[str]) -> None:
    assert statements(";\n".join(parts)) == [part.strip() for part in parts]


@pytest.mark.parametrize("script", ["", " \n", ";;", "-- nothing\n", "/* a; b */ ; -- c"])
def test_a_script_without_a_statement_has_none(script: str) -> None:
    assert statements(script) == []


@pytest.mark.parametrize(
    ("text", "format_", "data", "reading"),
    [
        (b"INSERT INTO t FORMAT Arrow\nROWS", "Arrow", b"ROWS", "INSERT INTO t \nFROM INFILE 'F'\n\nFORMAT Arrow"),
        (b"insert into t format TSV 1\t2", "TSV", b"1\t2", "insert into t \nFROM INFILE 'F'\n\nFORMAT TSV"),
        (b"INSERT INTO t FORMAT CSV\r\n\n1", "CSV", b"\n1", "INSERT INTO t \nFROM INFILE 'F'\n\nFORMAT CSV"),
        (
            b"INSERT INTO `a b`.values (format, x) SETTINGS s = 'FORMAT X' VALUES ('a', 1)",
            "Values",
            b" ('a', 1)",
            "INSERT INTO `a b`.values (format, x) \nFROM INFILE 'F'\nSETTINGS s = 'FORMAT X' \nFORMAT Values",
        ),
        (
            b"INSERT INTO t -- why\nFORMAT Native\n\0\xff'",
            "Native",
            b"\0\xff'",
            "INSERT INTO t -- why\n\nFROM INFILE 'F'\n\nFORMAT Native",
        ),
        (
            b"INSERT INTO t SELECT a FROM input('a Int8, b String') WHERE a > (SELECT max(a) FROM t) FORMAT Arrow\nX",
            "Arrow",
            b"X",
            "INSERT INTO t SELECT a FROM file('F', Arrow, 'a Int8, b String') WHERE a > (SELECT max(a) FROM t) ",
        ),
        (
            b"INSERT INTO FUNCTION file('x') WITH 1 AS y SELECT y FROM input('a Int8') SETTINGS q = 1 FORMAT CSV",
            "CSV",
            b"",
            "INSERT INTO FUNCTION file('x') WITH 1 AS y SELECT y FROM file('F', CSV, 'a Int8') SETTINGS q = 1 ",
        ),
    ],
)
def test_an_insert_is_cut_from_its_rows(text: bytes, format_: str, data: bytes, reading: str) -> None:
    insert = insert_with_data(text)
    assert insert is not None
    assert (insert.format, text[insert.data :], insert.reading("F")) == (format_, data, reading)


@pytest.mark.parametrize(
    "text",
    [
        b"SELECT 'INSERT INTO t FORMAT CSV'",
        b"INSERT INTO t SELECT * FROM u FORMAT Null",
        b"INSERT INTO t SELECT format('{}', a) FROM u",
        b"INSERT INTO t FROM INFILE '/x' FORMAT CSV",
        b"INSERT INTO t",
        b"INSERT",
        b"",
    ],
)
def test_an_insert_without_rows_behind_it_is_an_ordinary_statement(text: bytes) -> None:
    assert insert_with_data(text) is None


@given(st.binary())
def test_what_stands_behind_the_format_is_never_looked_at(rows: bytes) -> None:
    text = b"INSERT INTO t (a) FORMAT RowBinary\n" + rows
    insert = insert_with_data(text)
    assert insert is not None
    assert text[insert.data :] == rows


@given(st.binary())
def test_any_bytes_can_be_looked_at(text: bytes) -> None:
    verb(text)
    output_format(text)
    several_statements(text)
    kill_query(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SELECT 1", None),
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 'FORMAT CSV' FORMAT TSV;", "TSV"),
        (b"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "CSV"),
        (b"SELECT a format FROM t", None),
        (b"SELECT format('{}', a) FROM (SELECT 1 AS a FORMAT CSV)", None),
    ],
)
def test_a_query_names_its_format_at_its_end(text: bytes, expected: str | None) -> None:
    assert output_format(text) == expected


def test_a_last_semicolon_does_not_make_two_statements() -> None:
    assert not several_statements(b"SELECT ';' ; -- done ;\n ;")
    assert several_statements(b"SELECT 1; SELECT 2")


@pytest.mark.parametrize(
    ("text", "condition", "mode", "format_"),
    [
        (b"KILL QUERY WHERE query_id = 'a' SYNC", "query_id = 'a'", "sync", "TabSeparated"),
        (
            b"kill query where startsWith(query_id, 'x sync') format JSON;",
            "startsWith(query_id, 'x sync')",
            "async",
            "JSON",
        ),
        (b"KILL QUERY WHERE 1 TEST", "1", "test", "TabSeparated"),
        (b"KILL QUERY", "", "async", "TabSeparated"),
    ],
)
def test_a_kill_is_taken_apart(text: bytes, condition: str, mode: str, format_: str) -> None:
    kill = kill_query(text)
    assert kill is not None
    assert (kill.condition, kill.mode, kill.format) == (condition, mode, format_)


def test_other_kills_are_left_to_clickhouse() -> None:
    assert kill_query(b"KILL MUTATION WHERE 1") is None
    assert kill_query(b"SELECT 'KILL QUERY'") is None
