"""Sessions on the wall clock for the tests of stream workers."""

import threading
import time

from tests.integration.stream_parts import SECOND_US, Broker
from tierfeed.settings import Settings

SYMBOL = "EURUSD"


def now_us() -> int:
    return time.time_ns() // 1000


class LiveBroker:
    """A broker whose session beats every second of the wall clock for as long as it is not quiet."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._lock, self._end = threading.Lock(), threading.Event()
        self._broker = Broker(settings, name, speed=1.0, session=now_us())
        self.quiet = False
        self.last_us = now_us()
        self._broker.say("SESSION_START", self.last_us)
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._end.wait((SECOND_US - now_us() % SECOND_US) / SECOND_US):
            if not self.quiet:
                with self._lock:
                    self.last_us = now_us()
                    self._broker.say("HEARTBEAT", self.last_us)
                    self._broker.flush()

    def tick(self, bid: float, ask: float) -> float:
        """Its bid."""
        with self._lock:
            self.last_us = now_us()
            self._broker.tick(SYMBOL, self.last_us, bid, ask)
            self._broker.flush()
            return bid

    def end(self) -> None:
        self._end.set()
        self._thread.join()
        self._broker.say("SESSION_END", now_us())
        self._broker.flush()
