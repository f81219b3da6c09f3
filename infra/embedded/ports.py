"""Loopback ports for servers of our own."""

import random
import socket
from collections.abc import Sequence
from typing import Final

from tierfeed.errors import UpstreamError

HOST: Final = "127.0.0.1"
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
    kept = [port for port in had if is_free(port)]
    fresh = (port for port in free_ports(2 * len(had)) if port not in kept)
    return [port if port in kept else next(fresh) for port in had]
