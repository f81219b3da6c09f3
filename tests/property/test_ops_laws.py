"""Files of operations: what is written is read back; the same twice changes nothing; all that is broken is told."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics.figures import MICRO
from analytics.ops import cells
from analytics.ops.cells import Count, Day, Flag, Moment, Money, Month, OneOf, Tags, TenantId, Text, Words
from analytics.ops.check import Sound, check
from analytics.ops.files import Table, read_csv, read_json, texts_of, write_csv, write_json
from analytics.ops.kinds import KINDS, OPTIONAL, SURVEYS, Column, Kind, KindName, Row
from analytics.ops.plan import Plan, plan_import
from tierfeed.domain.market import Calendar
from tierfeed.errors import ConfigError

TIERS = ("free", "pro", "enterprise")
LAWS = settings(max_examples=100, deadline=None)
KIND = st.sampled_from(list(KINDS.values()))

SOME_DAYS = st.integers(0, 400).map(timedelta)
# No control characters but those that a text may have; what stands at its ends does not count.
TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t\",;'"), min_size=1, max_size=12
).filter(lambda text: text == text.strip() and text)
DOLLARS = st.integers(0, cells.MOST_USD * MICRO)
CELLS: dict[type, st.SearchStrategy[Any]] = {
    Text: TEXTS,
    TenantId: st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True),
    Words: st.lists(st.sampled_from(TIERS), unique=True, min_size=1),
    Day: st.dates(date(2001, 1, 1), date(2097, 12, 31)),
    Month: st.dates(date(2001, 1, 1), date(2097, 12, 31)).map(lambda day: day.replace(day=1)),
    Moment: st.datetimes(datetime(2002, 1, 1), datetime(2097, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    Count: st.integers(1, 10),
    Flag: st.booleans(),
    Tags: st.dictionaries(TEXTS, TEXTS, max_size=3).map(lambda tags: dict(sorted(tags.items()))),
}


def value(column: Column) -> st.SearchStrategy[Any]:
    """Anything that a cell may hold."""
    cell = column.cell
    if isinstance(cell, OneOf):
        found: st.SearchStrategy[Any] = st.sampled_from(cell.values)
    elif isinstance(cell, Money):
        found = DOLLARS | DOLLARS.map(lambda micro: -micro) if cell.may_be_negative else DOLLARS
    elif column.names_tiers and isinstance(cell, Text):
        found = st.sampled_from(TIERS)
    else:
        found = CELLS[type(cell)]
    return found | st.just(column.empty) if column.may_be_empty else found


@st.composite
def rows_of(draw: st.DrawFn, kind: Kind) -> list[Row]:
    """Rows that break no rule, each key once, none of them to be taken back."""
    columns = {column.stored: value(column) for column in kind.columns if column.stored is not None}
    found = draw(st.lists(st.fixed_dictionaries(columns), max_size=4, unique_by=kind.key_of))
    for row in found:
        row |= {"void": False, "source": draw(st.sampled_from(("real", "synthetic")))}
        _mend(kind.name, row, draw(SOME_DAYS))
    return found


def _mend(name: KindName, row: Row, span: timedelta) -> None:
    """So that the rules between columns hold."""
    longer = span + timedelta(days=1)
    if "to_date" in row and (row["to_date"] is not None or name is KindName.INVOICES):
        row["to_date"] = row["from_date"] + longer
    match name:
        case KindName.INVOICES:
            row["due_on"] = row["issued_on"] + span
            row["paid_on"] = row["paid_on"] and row["issued_on"] + longer
        case KindName.TICKETS:
            row["closed_at"] = row["closed_at"] and row["opened_at"] + span
        case KindName.SURVEYS:
            row["score"] = max(row["score"] % (SURVEYS[row["kind"]][1] + 1), SURVEYS[row["kind"]][0])
        case KindName.OPPORTUNITIES:
            row["closed_on"] = None if row["state"] == "open" else row["opened_on"] + span
            row["from_tier"] = None if row["kind"] == "new" else row["from_tier"] or "free"
            if row["from_tier"] == row["to_tier"] and row["kind"] == "upgrade":
                row["from_tier"], row["to_tier"] = "free", "pro"
        case KindName.COST_CHARGES:
            month = row["billing_period_start"] = row["billing_period_start"].replace(day=1)
            row["charge_period_start"] = month + span % timedelta(days=20)
            row["charge_period_end"] = row["charge_period_start"] + timedelta(days=1)
            row["tags"] = {name: of for name, of in row["tags"].items() if name not in ("provisioned", "used")}
        case KindName.BROKER_CONTRACTS:
            row["upstream"] = None if row["upstream"] == row["broker"] else row["upstream"]
        case KindName.MAINTENANCE:
            row["ends_at"] = row["starts_at"] + timedelta(minutes=1)
            row["announced_at"] = row["starts_at"] - timedelta(days=3) - span


def read(kind: Kind, rows: list[Row], form: str) -> Table:
    return read_csv(kind, write_csv(kind, rows), "f") if form == "csv" else read_json(kind, write_json(kind, rows), "f")


@LAWS
@given(kind=KIND, form=st.sampled_from(["csv", "json"]), data=st.data())
def test_what_is_written_is_read_back(kind: Kind, form: str, data: st.DataObject) -> None:
    rows = data.draw(rows_of(kind))
    assert [each.row for each in check(kind, read(kind, rows, form), TIERS)] == rows


@LAWS
@given(kind=KIND, data=st.data())
def test_the_same_file_twice_changes_nothing_and_a_correction_changes_only_its_row(
    kind: Kind, data: st.DataObject
) -> None:
    sound = apart(kind, check(kind, read(kind, data.draw(rows_of(kind)), "csv"), TIERS))
    first = plan_import(kind, sound, {}, Calendar())
    assert (len(first.new), first.corrected, first.taken_back, first.unchanged) == (len(sound), (), (), 0)
    stored = {kind.key_of(row): row for row in first.rows}
    assert plan_import(kind, sound, stored, Calendar()) == Plan(unchanged=len(sound))
    if not sound:
        return
    one = data.draw(st.sampled_from(sound))
    void = Sound(one.where, one.row | {"void": True})
    changed = [void if each is one else each for each in sound]
    back = plan_import(kind, changed, stored, Calendar())
    assert back == Plan(taken_back=(void.row,), unchanged=len(sound) - 1)
    stored |= {kind.key_of(void.row): void.row}
    assert plan_import(kind, changed, stored, Calendar()).rows == ()
    assert plan_import(kind, sound, stored, Calendar()) == Plan(new=(one.row,), unchanged=len(sound) - 1)


def apart(kind: Kind, sound: tuple[Sound, ...]) -> list[Sound]:
    """Rows that do not hold at the same time: one for each owner."""
    owners = {each.row[kind.alone] if kind.alone else each.where: each for each in sound}
    return [*owners.values()]


@LAWS
@given(kind=KIND, data=st.data())
def test_every_cell_that_is_broken_is_told_and_no_other(kind: Kind, data: st.DataObject) -> None:
    """In whatever rows and columns: each has a problem of its own, with its line."""
    columns = (*kind.columns, *OPTIONAL)
    breakable = [column.name for column in columns if broken_text(column) is not None]
    rows = data.draw(rows_of(kind))
    cuts = (
        data.draw(st.sets(st.tuples(st.integers(0, max(len(rows) - 1, 0)), st.sampled_from(breakable))))
        if rows
        else set()
    )
    for row in rows:  # lines are rows
        row |= {of: text.replace("\n", "|") for of, text in row.items() if isinstance(text, str)}
    assume(len({kind.key_of(row) for row in rows}) == len(rows))
    by_name = {column.name: column for column in columns}
    texts = [
        {of.name: broken_text(of) if (at, of.name) in cuts else texts_of(of, row) for of in columns}
        for at, row in enumerate(rows)
    ]
    lines = [",".join(_quoted(str(cell)) for cell in row.values()) for row in texts]
    table = read_csv(kind, "\n".join([",".join(by_name), *lines]), "f.csv")
    try:
        check(kind, table, TIERS)
        told: set[tuple[int, str]] = set()
    except ConfigError as error:
        told = {(int(told.split(":")[1]) - 2, told.split(": ")[1].split()[0]) for told in error.problems}
    assert told == cuts


def broken_text(column: Column) -> str | None:
    """What a cell of this kind cannot hold; None where it can hold anything."""
    if column.names_tiers:
        return "platinum"
    match column.cell:
        case Tags():
            return "[1]"
        case cells.Text():
            return None if column.may_be_empty else ""
        case Words():
            return ";;"
    return "\\"


def _quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


@given(st.integers(-cells.MOST_USD * MICRO, cells.MOST_USD * MICRO))
def test_money_is_exact(micro: int) -> None:
    money = Money(may_be_negative=True)
    text = money.write(micro)
    assert money.read(text) == micro
    assert len(text.partition(".")[2]) >= 2
