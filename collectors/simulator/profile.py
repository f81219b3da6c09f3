"""What a simulated broker does to the reference market. Profiles are data: profiles/*.yaml, or a user's own file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tierfeed.domain.words import Line
from tierfeed.errors import ConfigError

SHIPPED = Path(__file__).with_name("profiles")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Latency(_Strict):
    """Broker to collector, lognormal: the median, the spread of its logarithm, and a least value."""

    median_ms: float = Field(default=5.0, gt=0, le=10_000)
    sigma: float = Field(default=0.4, ge=0, le=2)
    floor_ms: float = Field(default=0.5, ge=0)
    cap_ms: float = Field(default=2_000.0, gt=0, le=30_000)


class SimulatedLine(_Strict):
    """One of the broker's redundant sessions: all carry the same quotes, each with its own delay and losses."""

    latency: Latency = Latency()
    thinning: float = Field(default=0.0, ge=0, lt=1, description="share of the broker's quotes this line never carries")
    redelivered: float = Field(
        default=0.0, ge=0, le=0.5, description="share of ticks that come once more, same sequence"
    )
    redelivery_ms: float = Field(default=40.0, gt=0, le=5_000, description="how long after the first, at most")
    skipped: float = Field(
        default=0.0, ge=0, le=0.5, description="share of sequences lost between broker and collector"
    )
    standby: bool = Field(default=False, description="not open until a START_LINE asks for it")


class Outage(_Strict):
    """The broker's lines fall silent: no heartbeats, and the ticks of that time are lost."""

    at_s: int = Field(ge=1, description="whole seconds after the start of the tape")
    for_s: int = Field(ge=1)
    lines: tuple[str, ...] = ()
    """Empty: all of them."""
    beats: bool = Field(default=False, description="the sessions go on, and only the ticks are lost")


class Trouble(_Strict):
    """What is otherwise than usual for a while. What is not named is as it is."""

    at_s: int = Field(ge=1, description="whole seconds after the start of the tape")
    for_s: int = Field(ge=1)
    lines: tuple[str, ...] = ()
    """Of what concerns lines (delay, skipped): which ones. Empty: all of them."""
    delay_ms: float = Field(default=0.0, ge=0, le=30_000, description="so much longer ticks are on their way")
    skipped: float = Field(default=0.0, ge=0, le=1, description="share of sequences that are lost")
    shift_points: float = Field(default=0.0, ge=-10_000, le=10_000, description="added to both prices")
    clock_ms: float = Field(default=0.0, ge=-60_000, le=60_000, description="so much further ahead the clock is")


class Profile(_Strict):
    """A simulated broker."""

    spread_factor: float = Field(default=1.0, ge=0, le=10)
    markup_points: float = Field(
        default=0.0, ge=-100, le=100, description="added to the spread; a point is the last digit"
    )
    noise_points: float = Field(default=0.0, ge=0, le=100, description="standard deviation of the quote's own mid")
    thinning: float = Field(
        default=0.0, ge=0, lt=1, description="share of the reference ticks the broker does not quote"
    )
    clock_offset_ms: float = Field(
        default=0.0, ge=-60_000, le=60_000, description="how far the broker's clock is ahead"
    )
    size_units: tuple[float, float] | None = Field(default=None, description="quoted sizes are between these")
    lines: dict[str, SimulatedLine] = Field(default_factory=lambda: {"A": SimulatedLine()}, min_length=1)
    outages: tuple[Outage, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @model_validator(mode="after")
    def _lines_exist(self) -> "Profile":
        times: tuple[Outage | Trouble, ...] = (*self.outages, *self.troubles)
        named = {*self.lines, *(line for each in times for line in each.lines)}
        if unknown := sorted(named - Line.__members__.keys()):
            raise ValueError(f"lines are named {', '.join(Line.__members__)}, there was {', '.join(unknown)}")
        if self.size_units is not None and not 0 <= self.size_units[0] <= self.size_units[1]:
            raise ValueError(f"size_units must be a smallest and a largest size, were {self.size_units}")
        return self


def load_profile(named: str | Mapping[str, Any], folder: Path) -> Profile:
    """A profile written out, shipped under this name, or in a YAML file relative to `folder`. Raises ConfigError."""
    if not isinstance(named, str):
        return _checked("profile", named)
    shipped = SHIPPED / f"{named}.yaml"
    path = shipped if "/" not in named and shipped.is_file() else folder / named
    if not path.is_file():
        names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
        raise ConfigError(f"profile must be one of {names}, or a file; was {named!r}")
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"profile {path}: is not a readable YAML file: {error}") from error
    return _checked(f"profile {named}", document)


def _checked(where: str, document: Any) -> Profile:
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        problems = [
            f"{where}: {'.'.join(str(part) for part in problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
            f", was {problem['input']!r}"
            for problem in error.errors()
        ]
        raise ConfigError(problems) from error
