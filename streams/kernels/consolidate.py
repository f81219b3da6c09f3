"""Consolidate: best bid and offer over a tier's eligible brokers. Twin: `plain/consolidate.py`."""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.state import ACCEPTED, NOT_HELD, QUARANTINED
from tierfeed.domain.words import BrokerStatus, QuoteState

ELIGIBLE, NO_QUOTE, SESSION_LOST = (
    int(BrokerStatus.ELIGIBLE),
    int(BrokerStatus.NO_QUOTE),
    int(BrokerStatus.SESSION_LOST),
)
IN_QUARANTINE, ONE_SIDED_QUOTE = int(BrokerStatus.QUARANTINED), int(BrokerStatus.ONE_SIDED)
NORMAL, LOCKED, CROSSED = int(QuoteState.NORMAL), int(QuoteState.LOCKED), int(QuoteState.CROSSED)
ONE_SIDED, STALE = int(QuoteState.ONE_SIDED), int(QuoteState.STALE)


@kernel
def status_of(state, b, s):
    """Why broker `b`'s quote is, or is not, part of a composite."""
    brokers, quotes = state.brokers, state.quotes
    if brokers[b].live == 0:
        return SESSION_LOST
    if quotes[b, s].held == NOT_HELD:
        return NO_QUOTE
    if quotes[b, s].held == QUARANTINED:
        return IN_QUARANTINE
    if quotes[b, s].bid > 0.0 and quotes[b, s].ask > 0.0:
        return ELIGIBLE
    return ONE_SIDED_QUOTE


@kernel
def best(state, t, s):
    """Contributors of the best bid and the best ask, -1 where there is none.

    Ties go to the broker that leads, then to the tier's earlier one.
    """
    brokers, quotes, lead = state.brokers, state.quotes, state.leads[t, s].broker
    bid_broker = -1
    ask_broker = -1
    for i in range(state.tiers[t].broker_count):
        b = state.tier_brokers[t, i]
        if brokers[b].live == 0 or quotes[b, s].held != ACCEPTED:
            continue
        bid = quotes[b, s].bid
        ask = quotes[b, s].ask
        leads = b == lead
        if bid > 0.0 and (bid_broker < 0 or _beats(bid, quotes[bid_broker, s].bid, leads)):
            bid_broker = b
        if ask > 0.0 and (ask_broker < 0 or _beats(-ask, -quotes[ask_broker, s].ask, leads)):
            ask_broker = b
    return bid_broker, ask_broker


@kernel
def _beats(price, best, leads):
    return price > best or (leads and price == best)


@kernel
def rounded(value, scale):
    """Round to the digits that `scale` stands for, halves to even."""
    return np.rint(value * scale) / scale


@kernel
def state_of(bid_broker, ask_broker, bid, ask):
    if bid_broker < 0 and ask_broker < 0:
        return STALE
    if bid_broker < 0 or ask_broker < 0:
        return ONE_SIDED
    if bid == ask:
        return LOCKED
    if bid > ask:
        return CROSSED
    return NORMAL
