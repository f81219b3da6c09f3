"""`tierfeed up`, `status` and `down`: the long-running form, in one folder."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from infra.supervisor import PartState, Status, read_status
from tierfeed.cli.collect import TapeFile
from tierfeed.cli.output import Json, emit, err, out, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import KINDS, SECURED, UP, BusyError, Folder, Stack
from tierfeed.errors import UpstreamError
from tierfeed.settings import load_settings

DOWN_S = 90.0
LOOK_S = 0.1
FINE = (PartState.RUNNING, PartState.FINISHED)
ADDRESSES = ("bootstrap_servers", "clickhouse_url", "registry_url")
SHOWN = (*ADDRESSES, "secured")


def up(
    tape: TapeFile = None,
    secure: Annotated[
        bool, typer.Option("--secure", help="Kafka lets in whom `tenants apply` has let in, and nobody else.")
    ] = False,
    json: Json = False,
) -> None:
    """Run the whole line until Ctrl-C: its tape as if it happened now, again and again. The data stays.

    A part that falls is started again. Where it is up already, that is said and nothing is started.

    With --secure every part has a user and the least rights of its own, and the data is in another folder than without.
    Commands in this folder are its admin; the passwords are in a file that only you may read.

    Example: tierfeed up --tape TAPE.yaml
    """
    from tierfeed.cli.run_up import run  # numba

    settings = load_settings()
    try:
        asyncio.run(run(settings, tape, lambda stack: _tell_up(stack, json), secure=secure))
    except BusyError:
        folder = Folder(settings.home / (SECURED if secure else UP))
        status = read_status(folder.path)
        pid = "another process" if status is None else f"process {status.pid}"
        err().print(f"{pid} is up in {folder.path} already", markup=False)
        if (stack := folder.running()) is not None:
            _tell_up(stack, json)


def _tell_up(stack: Stack, json: bool) -> None:
    if json:
        emit({name: getattr(stack, name) for name in SHOWN})
        return
    show(("what", "where"), [(name, getattr(stack, name)) for name in SHOWN])


def down() -> None:
    """End what `up` runs, or what a demo has left running. The data of `up` stays.

    Example: tierfeed down
    """
    home = load_settings().home
    ended = [kind for kind in KINDS if _end(home / kind)]
    err().print("ended" if ended else f"nothing runs in {home.absolute()}", markup=False)


def _end(path: Path) -> bool:
    """End the supervisor of a folder, which ends its parts; and servers that one left behind."""
    status, folder = read_status(path), Folder(path)
    if status is not None and status.alive:
        process = psutil.Process(status.pid)
        process.terminate()
        deadline_s = time.monotonic() + DOWN_S
        while _lives(process):
            if time.monotonic() > deadline_s:
                raise UpstreamError(f"process {status.pid} has not ended its parts within {DOWN_S:g} s")
            time.sleep(LOOK_S)
        return True
    if not path.exists():
        return False
    return folder.kafka.stop() | folder.clickhouse.stop()


def _lives(process: psutil.Process) -> bool:
    """One that has ended may wait for its parent to notice: it is not for us to wait with it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def status(json: Json = False) -> None:
    """Tell where Kafka, ClickHouse and the schema registry listen, and how each part is.

    Exit code 1 where nothing is up, or a part is not well.

    Example: tierfeed status --json
    """
    document = _document(load_settings().home)
    if json:
        emit(document)
    else:
        _show(document)
    well = all(part["state"] in FINE for part in document["parts"])
    if not (document["running"] and well):
        raise typer.Exit(PROBLEM)


def _document(home: Path) -> dict[str, Any]:
    for name in KINDS:
        folder = Folder(home / name)
        supervised = read_status(folder.path)
        if supervised is not None and not supervised.alive:
            supervised = None
        stack = folder.running()
        if stack is not None or supervised is not None:
            return _told(folder, stack, supervised)
    return {"running": False, "home": str(home.absolute()), **dict.fromkeys(SHOWN), "brokers": [], "parts": []}


def _told(folder: Folder, stack: Stack | None, supervised: Status | None) -> dict[str, Any]:
    parts = [] if supervised is None else supervised.parts
    return {
        "running": stack is not None,
        "home": str(folder.path),
        **{name: None if stack is None else getattr(stack, name) for name in SHOWN},
        "brokers": [] if stack is None else list(stack.brokers),
        "pid": None if supervised is None else supervised.pid,
        "parts": [
            {
                "name": part.name,
                "state": part.state,
                "pid": part.pid,
                "restarts": part.restarts,
                "since": part.since,
                "last_exit": part.last_exit,
                "last_exit_at": part.last_exit_at,
            }
            for part in parts
        ],
    }


def _show(document: Mapping[str, Any]) -> None:
    if not document["running"]:
        starting = "is starting" if document["parts"] else "nothing is up"
        out().print(f"{starting} in {document['home']}", markup=False)
    else:
        show(("what", "where"), [(name, document[name]) for name in ("home", *SHOWN)])
    if document["parts"]:
        columns = ("part", "state", "pid", "restarts", "since", "last exit")
        keys = ("name", "state", "pid", "restarts", "since", "last_exit")
        show(
            columns, [[_plain(part[key]) if key == "pid" else part[key] for key in keys] for part in document["parts"]]
        )


def _plain(number: int | None) -> str | None:
    """A number that is a name: no thousands apart."""
    return None if number is None else str(number)
