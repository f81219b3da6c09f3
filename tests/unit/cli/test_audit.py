from types import SimpleNamespace
from typing import Any

from schemas import catalogue
from schemas.codec import Decoder
from tests.sink_data import control, free
from tierfeed.cli.audit import Audit, _count, _stage

DECODERS = {schema.id: Decoder(schema) for schema in catalogue.ALL}


def _message(value: bytes | None, headers: Any = None) -> Any:
    return SimpleNamespace(value=lambda: value, headers=lambda: headers)


def test_records_controls_and_what_cannot_be_read_are_told_apart() -> None:
    found = Audit()
    values = (free(), control(), free()[:-1], b"\0\0\0\xff\xff", b"", None, free())
    messages = [_message(value) for value in values]
    _count("tier.free", messages, DECODERS, found)
    assert (found.records["tier.free"], found.controls["tier.free"], found.unreadable["tier.free"]) == (2, 1, 4)


def test_a_dead_letter_says_at_which_stage_it_was_written() -> None:
    assert _stage(_message(b"", [("error", b"e"), ("stage", b"stream")])) == "stream"
    assert _stage(_message(b"")) == "?"
