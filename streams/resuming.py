"""What an earlier worker released, taken up into the memory of a shard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.kernels.conflate import await_due
from streams.kernels.state import NEVER, State
from tierfeed.domain.tiers import Tier


@dataclass(frozen=True, slots=True)
class Published:
    """The newest record of one (tier, symbol) that an earlier worker released."""

    tier: int
    symbol: str
    upto: int
    as_of: int
    released: int
    state: int
    sources: Mapping[str, int] = field(default_factory=dict)
    """By broker: those that the tier had then, an admitted one among them. Others are passed over."""
    lead: str | None = None
    lead_since: int | None = None
    lead_switched: int | None = None


def take_up(state: State, was: Published, s: int, brokers: Sequence[str], tier: Tier) -> None:
    """Go on with symbol `s` where that record was: its number, its interval, what it covers and who leads."""
    composite = state.composites[was.tier, s]
    composite["upto"] = composite["published_upto"] = was.upto
    composite["as_of"] = composite["covered_as_of"] = was.as_of
    composite["last_release"] = was.released
    composite["published_state"] = was.state
    lead = state.leads[was.tier, s]
    lead["known"] = was.as_of
    if was.lead in brokers and was.lead in (*tier.brokers, *tier.emergency):  # neither need be as it was
        lead["broker"], lead["since"] = brokers.index(was.lead), was.lead_since
    lead["switched"] = NEVER if was.lead_switched is None else was.lead_switched
    for broker, offset in was.sources.items():
        if broker in brokers:
            state.covered_offset[was.tier, s, brokers.index(broker)] = offset
    await_due(state, was.tier, s, was.released + tier.interval_us)
