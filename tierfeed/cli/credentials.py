"""Passwords that are handed over once: on the screen, or into a file that nobody else may read."""

import contextlib
import json as jsons
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TextIO

import typer

from infra.secret import open_secretly
from tierfeed.cli.output import emit, err, show
from tierfeed.errors import ConfigError

Credentials = Annotated[
    Path | None,
    typer.Option(help="Write the passwords to this new file, readable by you alone, instead of printing them."),
]
Rows = list[dict[str, str]]
MECHANISM = "SCRAM-SHA-512"


@contextlib.contextmanager
def handing_over(passwords: Mapping[str, str], file: Path | None, json: bool) -> Iterator[Rows]:
    """Hand over what is in `passwords` when the context ends, however it ends: nobody will see it again.

    What it gives are rows to show with what the command has to say; none where they went to the file, which is opened
    before anything is done. After a failure the command says nothing, so they are shown here. Raises ConfigError.
    """
    written = None if file is None else _opened(file)
    given: Rows = []
    try:
        yield given
    except BaseException:
        given += _handed(passwords, file, written)
        if given:
            err().print("what follows had been given before the failure; the last may not be in force", markup=False)
        if json:
            emit({"credentials": given})
        else:
            show_credentials(given)
        raise
    given += _handed(passwords, file, written)


def show_credentials(given: Rows) -> None:
    if given:
        show(("username", "password", "mechanism"), [list(row.values()) for row in given])
        err().print("these passwords are shown this once", markup=False)


def _opened(file: Path) -> TextIO:
    try:
        return open_secretly(file)
    except FileExistsError:
        raise ConfigError(f"--credentials {file} is there already: passwords go to a new file") from None
    except OSError as error:
        raise ConfigError(f"--credentials {file} cannot be written: {error.strerror}") from error


def _handed(passwords: Mapping[str, str], file: Path | None, written: TextIO | None) -> Rows:
    rows = [{"username": user, "password": password, "mechanism": MECHANISM} for user, password in passwords.items()]
    if file is None or written is None:
        return rows
    try:
        with written:
            written.writelines(f"{jsons.dumps(row)}\n" for row in rows)
    except OSError as error:  # a disk that is full, after all
        err().print(f"--credentials {file} cannot be written: {error.strerror}; the passwords are here", markup=False)
        return rows
    if rows:
        err().print(f"{len(rows)} passwords are in {file}", markup=False)
    else:
        file.unlink()
    return []
