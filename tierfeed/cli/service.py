"""How a part runs: its logs, its metrics, its signals, and an end that acknowledges nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog

from infra import logs, metrics
from tierfeed.cli.shell import PROBLEM, tell_error
from tierfeed.errors import TierfeedError
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

Work = Callable[[asyncio.Event], Awaitable[None]]


def serve(settings: Settings, part: str, work: Work) -> None:
    """Run `work` until it ends by itself, or SIGTERM or Ctrl-C sets its event.

    Where it fails, the process ends within the event loop and at once: leaving the loop would close clients, and that
    would flush and acknowledge what the successor has to do again.
    """
    logs.configure(settings.log_level, settings.log_format, part=part)
    if settings.metrics.port is not None:
        log.info("metrics", port=metrics.serve(settings.metrics.port, settings.metrics.host))
    asyncio.run(_until_told(work))


async def _until_told(work: Work) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await work(stop)
    except TierfeedError as error:
        log.error("failed", error=str(error), kind=type(error).__name__)
        tell_error(error)
        _leave(error.exit_code)
    except Exception:  # a bug: told with its traceback, and the supervisor starts the part again
        log.exception("failed")
        _leave(PROBLEM)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
