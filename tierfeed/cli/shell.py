"""How every command ends: the exit code, and errors as single lines on standard error.

0 fine · 1 found a problem · 2 settings or input are wrong · 3 something upstream is away · 130 interrupted
"""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from tierfeed.errors import TierfeedError

FINE, PROBLEM, WRONG, AWAY, INTERRUPTED = 0, 1, 2, 3, 130


class Shell(TyperGroup):
    """The root command: what a command raises becomes lines and an exit code, never a traceback."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        code = self._code(list(args), extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _code(self, args: list[Any], extra: dict[str, Any]) -> int:
        try:
            result = super().main(*args, **extra | {"standalone_mode": False})
        except TierfeedError as error:
            tell_error(error)
            return error.exit_code
        except typer.TyperException as error:  # the user's spelling; its message names the option and the value
            say_error(getattr(error, "format_message", error.__str__)())
            return WRONG
        except OSError as error:
            if error.filename is None:  # not of a file that somebody named: a bug
                raise
            say_error(str(error))
            return PROBLEM
        except typer.Abort:
            return INTERRUPTED
        if result == INTERRUPTED:
            typer.echo("interrupted", err=True)
        return result if isinstance(result, int) else FINE


def tell_error(error: TierfeedError) -> None:
    """One line for each problem."""
    for line in str(error).splitlines() or [type(error).__name__]:
        say_error(line)


def say_error(line: str) -> None:
    typer.echo(f"error: {line}", err=True)
