"""Files that nobody but their owner may read."""

import os
from pathlib import Path


def write_secretly(path: Path, text: str) -> None:
    """Write a file that is never, not for a moment, anybody else's to read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
