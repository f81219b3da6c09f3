"""`tierfeed ops`: what operations supply. Kinds, templates, import, list; a company to try it all with."""

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics.ops.files import Format, template, texts_of, write_csv
from analytics.ops.kinds import KINDS, OPTIONAL, KindName
from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.stack import reached
from tierfeed.errors import ConfigError
from tierfeed.settings import load_settings

if TYPE_CHECKING:
    from analytics.ops.importing import Imported

app = typer.Typer(
    name="ops", help="What operations supply: kinds, template, import, list, generate.", no_args_is_help=True
)

KindOf = Annotated[KindName, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")]
CHANGES = ("kind", "file", "new", "corrected", "taken_back", "unchanged")
# Rich makes one paragraph of lines that no empty one parts.
COLUMNS = "\n\n".join(f"{kind.name}: {', '.join(kind.header())}" for kind in KINDS.values())


@app.command("kinds")
def list_kinds(json: Json = False) -> None:
    """List the kinds of rows with their columns: what each means, and what it may hold.

    Example: tierfeed ops kinds --json
    """
    kinds: list[dict[str, Any]] = [
        {
            "kind": kind.name,
            "about": kind.about,
            "key": [column.name for column in kind.columns if column.stored in kind.key],
            "columns": [
                {
                    "column": column.name,
                    "about": column.about,
                    "must_be": "one of the tiers file" if column.names_tiers else column.cell.about,
                    "may_be_empty": column.may_be_empty,
                    "may_be_missing": column in OPTIONAL,
                }
                for column in (*kind.columns, *OPTIONAL)
            ],
        }
        for kind in KINDS.values()
    ]
    if json:
        emit(kinds)
        return
    for kind in kinds:
        key, columns = kind["key"], kind["columns"]
        rows = [(_marked(each, key), each["about"], each["must_be"], each["may_be_empty"]) for each in columns]
        show(("column", "what it is", "must be", "may be empty"), rows, f"{kind['kind']}: {kind['about']}")
    err().print("* tells rows apart. Every file may leave out void and source, and no other column", markup=False)


def _marked(column: dict[str, Any], key: list[str]) -> str:
    return f"{column['column']}{' *' if column['column'] in key else ''}"


@app.command("template", epilog=f"The columns of each kind:\n\n{COLUMNS}")
def print_template(
    kind: KindOf,
    form: Annotated[
        Format, typer.Option("--format", help="CSV: the header. JSON: one object to fill in.")
    ] = Format.CSV,
) -> None:
    """Print an empty file of a kind, to be filled in. `tierfeed ops kinds` tells what its columns mean.

    Example: tierfeed ops template invoices > invoices.csv
    """
    typer.echo(template(KINDS[kind], form), nl=False)


@app.command("import", epilog=f"The columns of each kind:\n\n{COLUMNS}")
def import_rows(
    kind: KindOf,
    file: Annotated[
        Path, typer.Argument(help="CSV with a header, or a JSON list of objects where it ends with .json.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check it, tell what would change, store nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Add what is new in a file, or different from what is stored; a row with void = true is taken back.

    The whole file is checked first: where anything is wrong, every problem is told, and nothing is stored. Nothing is
    edited either, a correction is a further row. The same file twice changes nothing.

    Example: tierfeed ops import subscriptions subscriptions.csv --dry-run
    """
    from analytics.ops.importing import import_file  # clickhouse-connect

    imported = import_file(reached(load_settings()), kind, file, dry_run=dry_run)
    if json:
        emit(asdict(imported) | {"dry_run": dry_run})
        return
    _tell([imported], dry_run)


def _tell(imported: "list[Imported]", dry_run: bool) -> None:
    rows = [[getattr(each, name) for name in CHANGES] for each in imported]
    show([name.replace("_", " ") for name in CHANGES], rows)
    for each in imported:
        if each.aside:
            err().print(f"{each.file}: left aside, for nothing rests on it: {', '.join(each.aside)}", markup=False)
    if synthetic := sum(each.synthetic for each in imported):
        err().print(f"{synthetic:,} of the changes are synthetic: reports say so", markup=False)
    if dry_run:
        err().print("nothing was stored", markup=False)


@app.command("list")
def list_rows(
    kind: KindOf,
    tenant: Annotated[str, typer.Option(help="Only of this one; of all, where left out.")] = "",
    csv: Annotated[bool, typer.Option("--csv", help="Print a file that `ops import` takes.")] = False,
    json: Json = False,
) -> None:
    """List the rows of a kind that hold: of each the newest version, without what was taken back.

    Example: tierfeed ops list invoices --tenant acme
    """
    from analytics.ops.store import Operations  # clickhouse-connect

    found = KINDS[kind]
    if tenant and not found.has_tenants:
        raise ConfigError(f"--tenant must be left out, for {kind} are of no tenant, was {tenant!r}")
    with closing(Operations(reached(load_settings()).clickhouse)) as operations:
        rows = operations.rows(found, tenant)
    if json:
        emit(rows)
    elif csv:
        typer.echo(write_csv(found, rows), nl=False)
    else:
        columns = [*found.columns, *(column for column in OPTIONAL if column.name != "void")]
        told = [[texts_of(column, row) or None for column in columns] + [row["file"]] for row in rows]
        show([*(column.name for column in columns), "file"], told)


@app.command()
def generate(
    tenants: Annotated[int, typer.Option(min=1, max=100_000, help="How many customers there ever were.")] = 1000,
    months: Annotated[int, typer.Option(min=1, max=60, help="How many months to tell of.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 7,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="MONTH", help="The last of the months, such as 2026-10; the last one that is over, where left out."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write files into this folder, and store nothing.")] = None,
    json: Json = False,
) -> None:
    """Make up a company: customers that come, grow, complain, leave and pay late, brokers' contracts and charges.

    Every row is marked as synthetic, in the files, too, and reports that rest on one say so. Prices are the tiers'.

    Example: tierfeed ops generate --tenants 1000 --months 3 --seed 7 --until 2026-10 --out company
    """
    from analytics.ops.company.make import Plot, company
    from analytics.ops.importing import import_company  # clickhouse-connect

    settings = load_settings()
    made = company(Plot(tenants, months, seed, until or _last_month()), settings.tiers(), settings.brokers)
    if out is None:
        _told(import_company(reached(settings), made), json)
        return
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name, rows in made.items():
        path = out / f"{name}.csv"
        path.write_text(write_csv(KINDS[name], rows), newline="")
        files.append({"kind": name, "file": str(path), "rows": len(rows)})
    if json:
        emit(files)
    else:
        show(("kind", "file", "rows"), [list(each.values()) for each in files])


@app.command()
def forget(json: Json = False) -> None:
    """Take back every synthetic row that is stored; real ones stay. What is taken back stays on record, as ever.

    Example: tierfeed ops forget
    """
    from analytics.ops.importing import forget_synthetic  # clickhouse-connect

    _told(forget_synthetic(reached(load_settings())), json)


def _told(imported: "list[Imported]", json: bool) -> None:
    if json:
        emit([asdict(each) for each in imported])
    else:
        _tell(imported, dry_run=False)


def _last_month() -> str:
    from analytics.ops.company.months import before

    return before(f"{datetime.now(UTC):%Y-%m}")
