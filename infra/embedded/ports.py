"""Loopback ports for servers of our own."""

import random
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Final

from tierfeed.errors import UpstreamError

HOST: Final = "127.0.0.1"
FREED_S: Final = 2.0
LOOK_S: Final = 0.02
PORTS: Final = range(20_000, 30_000)  # below those that Linux hands to outgoing connections


def is_free(port: int) -> bool:
    """Whether a server could listen on loopback at `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return port != 0


def await_free(ports: Iterable[int]) -> None:
    """Wait until nobody listens there, or for FREED_S: a port outlives its process by some tenths of a second."""
    deadline_s = time.monotonic() + FREED_S
    for port in ports:
        while port and not is_free(port) and time.monotonic() < deadline_s:
            time.sleep(LOOK_S)


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on."""
    candidates = random.sample(PORTS, len(PORTS))
    found = [port for port, _ in zip(filter(is_free, candidates), range(count), strict=False)]
    if len(found) < count:
        raise UpstreamError(
            f"{count} free ports between {PORTS.start} and {PORTS.stop} were wanted, found {len(found)}"
        )
    return found


def ports_as_before(had: Sequence[int]) -> list[int]:
    """The same ones, but for those that are no longer free: clients shall find the server where it was."""
    await_free(had)
    kept = [port for port in had if is_free(port)]
    fresh = (port for port in free_ports(2 * len(had)) if port not in kept)
    return [port if port in kept else next(fresh) for port in had]
