"""How a part runs: its logs, its metrics, its signals, and an end that acknowledges nothing."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable

import structlog

from infra import logs, metrics
from infra.kafka import wait_ready
from tierfeed.cli.shell import PROBLEM, tell_error
from tierfeed.errors import TierfeedError, UpstreamError
from tierfeed.settings import KafkaSettings, Settings

log = structlog.get_logger(__name__)

Work = Callable[[asyncio.Event], Awaitable[None]]

KAFKA_S, LOOK_S = 30.0, 1.0
"""How long a part that starts waits for the Kafka cluster, and for one answer."""


def serve(settings: Settings, part: str, work: Work) -> None:
    """Run `work` until it ends by itself, or SIGTERM or Ctrl-C sets its event. It waits for the Kafka cluster first.

    Where it fails, the process ends within the event loop and at once: leaving the loop would close clients, and that
    would flush and acknowledge what the successor has to do again.
    """
    logs.configure(settings.log_level, settings.log_format, part=part)
    if settings.metrics.port is not None:
        log.info("metrics", port=metrics.serve(settings.metrics.port, settings.metrics.host))
    asyncio.run(_until_told(settings.kafka, work))


def in_thread(work: Callable[[threading.Event], None]) -> Work:
    """Work that blocks, for `serve`: it ends when the event it is given is set."""

    async def waited(stop: asyncio.Event) -> None:
        ended = threading.Event()
        working = asyncio.ensure_future(asyncio.to_thread(work, ended))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        ended.set()
        stopping.cancel()
        await working

    return waited


async def _until_told(kafka: KafkaSettings, work: Work) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await _kafka_answers(kafka, stop)
        if not stop.is_set():
            await work(stop)
    except TierfeedError as error:
        log.error("failed", error=str(error), kind=type(error).__name__)
        tell_error(error)
        _leave(error.exit_code)
    except Exception:  # a bug: told with its traceback, and the supervisor starts the part again
        log.exception("failed")
        _leave(PROBLEM)


async def _kafka_answers(kafka: KafkaSettings, stop: asyncio.Event) -> None:
    """Wait for it, not for ever: whoever starts parts again has to hear that it is away. Raises UpstreamError."""
    deadline_s = time.monotonic() + KAFKA_S
    while not stop.is_set():
        try:
            await asyncio.to_thread(wait_ready, kafka, LOOK_S)
            return
        except UpstreamError as error:
            if time.monotonic() > deadline_s:
                raise UpstreamError(
                    f"Kafka cluster {kafka.bootstrap_servers} is away: no answer within {KAFKA_S:g} s"
                ) from error


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
