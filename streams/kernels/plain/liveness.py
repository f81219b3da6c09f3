"""Liveness: which brokers' sessions are there. Any record but SESSION_END is a sign of life.

A broker is live while at least one of its streams is open. A stream opens with any sign of life, and closes with its
SESSION_END or when it has been silent for longer than the heartbeat timeout.
"""

from collections import defaultdict

from streams.kernels.plain.events import Stream


class Liveness:
    """The open streams of each broker and when each was last heard."""

    def __init__(self, timeout_us: int) -> None:
        self._timeout_us = timeout_us
        self._heard: defaultdict[str, dict[Stream, int]] = defaultdict(dict)

    def live(self, broker: str) -> bool:
        return bool(self._heard[broker])

    def any(self) -> bool:
        return any(self._heard.values())

    def beat(self, broker: str, stream: Stream, now_us: int) -> bool:
        """A sign of life. True if it brought the broker to life."""
        revived = not self.live(broker)
        self._heard[broker][stream] = now_us
        return revived

    def end(self, broker: str, stream: Stream) -> bool:
        """The stream said goodbye. True if the broker was live and has no other."""
        was_open = self._heard[broker].pop(stream, None) is not None
        return was_open and not self.live(broker)

    def sweep(self, now_us: int) -> set[str]:
        """Close silent streams; the brokers that are gone with them."""
        gone = set()
        for broker, heard in self._heard.items():
            silent = [stream for stream, at_us in heard.items() if now_us - at_us > self._timeout_us]
            for stream in silent:
                del heard[stream]
            if silent and not heard:
                gone.add(broker)
        return gone

    def led_by_another(self, broker: str, stream: Stream, now_us: int) -> bool:
        """Does a stream that goes before this one (lower line, then earlier session) still deliver?"""
        return any(
            other < stream and now_us - at_us <= self._timeout_us for other, at_us in self._heard[broker].items()
        )
