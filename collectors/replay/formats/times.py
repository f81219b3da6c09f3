"""Times of a tape file to UTC microseconds: numbers with a unit, texts with a format, clocks with an offset."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]

HOUR_US = 3_600_000_000
UNITS_PER_S = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
FARTHEST_OFFSET_HOURS = 14
ISO = "iso"
_OFFSET = re.compile(r"([+-]?)(\d{1,2})(?::?(\d{2}))?")
_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
NOT_A_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a file's clock is ahead of UTC: a fixed number of microseconds, or whatever a time zone says."""

    fixed_us: int = 0
    zone: ZoneInfo | None = None

    @classmethod
    def of(cls, text: str) -> "Offset":
        """'-05:00', '+3', 'UTC' or a zone such as 'America/New_York'. Raises ValueError."""
        stripped = text.strip()
        if stripped.upper() in ("UTC", "Z"):
            return cls()
        if found := _OFFSET.fullmatch(stripped):
            sign, hours, minutes = found.groups()
            minutes_ahead = int(hours) * 60 + int(minutes or 0)
            if int(minutes or 0) < 60 and minutes_ahead <= FARTHEST_OFFSET_HOURS * 60:
                return cls(minutes_ahead * 60_000_000 * (-1 if sign == "-" else 1))
            raise ValueError(f"an offset is at most {FARTHEST_OFFSET_HOURS} hours, was {text!r}")
        try:
            return cls(zone=ZoneInfo(stripped))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"must be like '-05:00', 'UTC' or 'America/New_York', was {text!r}") from error

    def to_utc(self, local_us: Longs) -> Longs:
        """UTC of what the file's clock showed. An hour that a zone shows twice is taken as its first."""
        if self.zone is None or not len(local_us):
            return local_us - self.fixed_us
        # Zones change their offset on whole hours, so one look-up per distinct local hour is enough.
        hours, where = np.unique(local_us // HOUR_US, return_inverse=True)
        ahead = np.array([self._ahead_us(int(hour)) for hour in hours], np.int64)
        return local_us - ahead[where]

    def _ahead_us(self, hour: int) -> int:
        local = datetime(1970, 1, 1, tzinfo=self.zone) + timedelta(hours=hour)
        ahead = local.utcoffset()
        return 0 if ahead is None else ahead // timedelta(microseconds=1)


def whole_times_us(values: Longs, unit: str) -> Longs:
    """Microseconds, to the nearest one: stamps in ns often carry the dust of a float of seconds."""
    per_s = UNITS_PER_S[unit]
    if per_s <= 1_000_000:
        return values * (1_000_000 // per_s)
    divisor = per_s // 1_000_000
    return (values + divisor // 2) // divisor


def fraction_times_us(values: npt.NDArray[np.float64], unit: str) -> Longs:
    """Microseconds of times with decimals; NOT_A_TIME where they are not finite or out of all bounds."""
    with np.errstate(invalid="ignore", over="ignore"):
        us = np.rint(values * (1_000_000 / UNITS_PER_S[unit]))
        sound = np.abs(us) < 2**62
    return np.where(sound, us, 0).astype(np.int64) + np.where(sound, 0, NOT_A_TIME)


def text_times_us(texts: Sequence[bytes], time_format: str) -> Longs:
    """Microseconds on the file's clock; NOT_A_TIME where a text does not follow the format (strptime's, or 'iso')."""
    fast = None if time_format == ISO else _fixed_width(texts, time_format)
    if fast is not None:
        return fast
    return np.array([_one_text(text, time_format) for text in texts], np.int64)


def _one_text(text: bytes, time_format: str) -> int:
    try:
        shown = text.decode().strip()
        at = datetime.fromisoformat(shown) if time_format == ISO else datetime.strptime(shown, time_format)  # noqa: DTZ007 -- the file's own clock has no zone
    except ValueError:
        return int(NOT_A_TIME)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _fixed_width(texts: Sequence[bytes], time_format: str) -> Longs | None:
    """All texts at once, where the format has fixed places and every text fills them with a time that exists."""
    width = len(texts[0]) if len(texts) else 0
    places = _places(time_format, width)
    if places is None or any(len(text) != width for text in texts):
        return None
    grid = np.frombuffer(b"".join(texts), np.uint8).reshape(len(texts), width)
    for at, literal in places.literals:
        if not (grid[:, at] == literal).all():
            return None
    found: dict[str, Longs] = {}
    for name, (start, stop) in places.fields.items():
        digits = grid[:, start:stop].astype(np.int64) - ord("0")
        if ((digits < 0) | (digits > 9)).any():
            return None
        found[name] = np.asarray(digits @ (10 ** np.arange(stop - start - 1, -1, -1, dtype=np.int64)), np.int64)
    return _assembled(found, places)


def _assembled(found: dict[str, Longs], places: "_Places") -> Longs | None:
    year, month, day = (found[name] for name in "Ymd")
    if ((year < 1) | (month < 1) | (month > 12) | (day < 1)).any():
        return None
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    zero = np.zeros(len(year), np.int64)
    hour, minute, second = (found.get(name, zero) for name in "HMS")
    if ((day > following - first) | (hour > 23) | (minute > 59) | (second > 59)).any():
        return None
    start, stop = places.fields.get("f", (0, 0))
    fraction_us = found.get("f", zero) * 10 ** (6 - (stop - start))
    seconds = ((first + day - 1) * 24 + hour) * 3600 + minute * 60 + second
    return np.asarray(seconds * 1_000_000 + fraction_us, np.int64)


@dataclass(frozen=True, slots=True)
class _Places:
    fields: dict[str, tuple[int, int]]
    literals: list[tuple[int, int]]


def _places(time_format: str, width: int) -> _Places | None:
    """Where each part stands in a text of `width`. None where the format has a part without a fixed place."""
    fields: dict[str, tuple[int, int]] = {}
    literals: list[tuple[int, int]] = []
    at = place = 0
    while at < len(time_format):
        if time_format[at] != "%":
            literals.append((place, ord(time_format[at])))
            at, place = at + 1, place + 1
            continue
        name = time_format[at + 1 : at + 2]
        # Only a fraction at the very end has as many digits as are left.
        span = width - place if name == "f" and at + 2 == len(time_format) else _WIDTHS.get(name, 0)
        if not 0 < span <= 6 or name in fields:
            return None
        fields[name] = (place, place + span)
        at, place = at + 2, place + span
    return _Places(fields, literals) if place == width and {"Y", "m", "d"} <= fields.keys() else None
