"""The command line. Its commands are imported within `main`: Ctrl-C ends it at any time without a traceback."""

import sys
from typing import Any

INTERRUPTED = 130


def main() -> None:
    """The entry point."""
    try:
        from tierfeed.cli.root import app

        app()
    except KeyboardInterrupt:  # while it was still importing
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)


def __getattr__(name: str) -> Any:
    """`app`, for whoever runs commands without a process of their own."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tierfeed.cli.root import app

    return app
