"""One alarm on the event loop, on time to some fifty microseconds.

asyncio waits in whole milliseconds, rounded up: a last value would be up to a millisecond late, which is all that the
enterprise tier has. Linux' timerfd is a file that becomes readable when its time has come, and the loop waits for files
to the microsecond. Python has it from 3.13 on; until then it is called through the C library. Elsewhere the loop's own
timers have to do.
"""

import asyncio
import ctypes
import math
import os
from collections.abc import Callable

CLOCK_MONOTONIC = 1
"""Also the clock of asyncio's loop."""
TFD_NONBLOCK, TFD_CLOEXEC, TFD_TIMER_ABSTIME = 0o4000, 0o2000000, 1
TOLD_BYTES = 8


class _Timespec(ctypes.Structure):
    _fields_ = (("s", ctypes.c_long), ("ns", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Alarm:
    """Calls `ring` once when its time has come; set again, the time before is forgotten."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        self.at_s = math.inf
        """When it will ring, by the loop's clock; infinite where it will not."""
        self._handle: asyncio.TimerHandle | None = None
        self._libc = ctypes.CDLL(None)
        self._spec = _Itimerspec()
        self._spec_at = ctypes.byref(self._spec)
        self._fd = -1
        if hasattr(self._libc, "timerfd_create"):
            self._fd = self._libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self._fd >= 0:
            loop.add_reader(self._fd, self._read)

    def set(self, at_s: float) -> None:
        """Ring at `at_s`; at once where that is over, never where it is infinite."""
        self.at_s = at_s
        if self._fd >= 0:
            self._set_file(at_s)
            return
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_at(at_s, self._rung) if at_s < math.inf else None

    def _set_file(self, at_s: float) -> None:
        # A time of zero would disarm it.
        ns = max(int(at_s * 1e9), 1) if at_s < math.inf else 0
        self._spec.value.s, self._spec.value.ns = divmod(ns, 1_000_000_000)
        self._libc.timerfd_settime(self._fd, TFD_TIMER_ABSTIME, self._spec_at, None)

    def _read(self) -> None:
        try:
            os.read(self._fd, TOLD_BYTES)
        except BlockingIOError:
            return  # it was set anew between becoming readable and being read
        self._rung()

    def _rung(self) -> None:
        self.at_s = math.inf
        self._ring()

    def close(self) -> None:
        """It will not ring any more."""
        self.set(math.inf)
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
