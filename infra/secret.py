"""Passwords, and files that nobody but their owner may read."""

import os
import secrets
from pathlib import Path
from typing import Final, TextIO

PASSWORD_BYTES: Final = 24


def new_password() -> str:
    """One that nobody guesses, of letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def open_secretly(path: Path) -> TextIO:
    """A new file that is never, not for a moment, anybody else's to read. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w")


def write_secretly(path: Path, text: str) -> None:
    """Write such a file, in place of one that is there."""
    path.unlink(missing_ok=True)
    with open_secretly(path) as file:
        file.write(text)
