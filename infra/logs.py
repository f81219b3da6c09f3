"""Logging: JSON lines from services, key=value for a person at a terminal, and never a secret in either.

Code logs through `structlog.get_logger(__name__)`, lazily and with identity as fields; what libraries log by the
standard library (Faust, mode, librdkafka) takes the same way out.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED: Final = "[redacted]"
QUIET: Final = ("faust", "mode", "aiokafka", "kafka", "asyncio", "urllib3")
"""Libraries that tell of every rebalance and connection; they are heard from WARNING up unless at DEBUG."""

_SECRET_KEY = re.compile(r"password|passwd|secret|api[._-]?key|access[._-]?token|private[._-]?key|jaas", re.IGNORECASE)
_SECRET_TEXT: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # FIX: 553 Username, 554 Password, 925 NewPassword; fields end with SOH, which dumps show as | or ^
    (re.compile(r"(?<![0-9])(553|554|925)=[^\x01|^]*"), rf"\1={REDACTED}"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{REDACTED}@"),
    (
        re.compile(r"""(?i)((?:password|passwd|secret|api[._-]?key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&)}]+)"""),
        rf"\1{REDACTED}",
    ),
)


def configure(
    level: str = "INFO",
    form: Literal["auto", "json", "console"] = "auto",
    stream: TextIO | None = None,
    **bound: str,
) -> None:
    """Send every log of this process to `stream` (standard error), with `bound` in each line.

    `auto` is for people where the stream is a terminal, JSON elsewhere. May be called again; the last call counts.
    """
    out = sys.stderr if stream is None else stream
    shared = _processors(bound)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, _renderer(form, out)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "DEBUG" else max(root.level, logging.WARNING))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take every secret out of an event: by the name of its field at any depth, and by its look in texts."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: object, value: Any) -> Any:
    if isinstance(key, str) and _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, Mapping):
        return {inner: _redacted(inner, entry) for inner, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(None, entry) for entry in value]
    if isinstance(value, bool | int | float | None):
        return value
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    for pattern, instead in _SECRET_TEXT:
        text = pattern.sub(instead, text)
    return text


def _processors(bound: Mapping[str, str]) -> list[Processor]:
    def with_bound(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**bound, **event}

    return [
        structlog.contextvars.merge_contextvars,
        with_bound,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _renderer(form: str, out: TextIO) -> Processor:
    if form == "console" or (form == "auto" and out.isatty()):
        return structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=0, pad_level=False, exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer()
