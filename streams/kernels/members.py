"""Members: which brokers a tier has, its own and those admitted for a time, second by second. Twin: `plain/members.py`.

What is ordered takes effect, and ends, at whole seconds of the shard's own time: so it is the same live, behind, and
when it is read again. Nothing here is done for a tick.
"""

from streams.kernels.compiled import kernel
from streams.kernels.state import ADMITTED, FOREIGN, NO_SYMBOL, NOT_HELD


@kernel
def muster(state, now):
    """See which orders are in force at `now`, and let brokers in and out. Whether any composite changes by that.

    Those are marked in `moved`: where the quote of a broker that came or went is held.
    """
    engine, orders = state.engine[0], state.orders
    if orders.shape[0] == 0 and engine.admitted == 0:
        return False
    for k in range(orders.shape[0]):
        orders[k].begun = 1 if orders[k].since <= now and now < orders[k].until else 0
    engine.admitted = 0
    changed = False
    for t in range(state.tiers.shape[0]):
        tier = state.tiers[t]
        tier.broker_count = tier.own
        for i in range(tier.reserve):
            b = state.reserves[t, i]
            there = ADMITTED if _is_admitted(state, t, b) else FOREIGN
            if there != state.has_broker[t, b]:
                state.has_broker[t, b] = there
                changed |= _move(state, t, b)
            if there == ADMITTED:
                state.tier_brokers[t, tier.broker_count] = b
                tier.broker_count += 1
                engine.admitted += 1
    return changed


@kernel
def _is_admitted(state, t, b):
    orders = state.orders
    for k in range(orders.shape[0]):
        if orders[k].begun == 1 and orders[k].symbol == NO_SYMBOL and orders[k].tier == t and orders[k].broker == b:
            return True
    return False


@kernel
def _move(state, t, b):
    """A broker has come or gone: mark the composites that it has, or had, a part in; as a rival it is a new one."""
    changed = False
    for s in range(state.engine[0].symbols):
        state.better[t, s, b] = 0
        state.compared[t, s, b] = 0
        state.near[t, s, b] = 0
        if state.composites[t, s].carries == 1 and state.quotes[b, s].held != NOT_HELD:
            state.moved[t, s] = 1
            changed = True
    return changed


@kernel
def preferred(state, t, s):
    """The broker that is to lead by the newest order in force, -1 where there is none."""
    orders = state.orders
    for k in range(orders.shape[0] - 1, -1, -1):
        if orders[k].begun == 1 and orders[k].tier == t and orders[k].symbol == s:
            return orders[k].broker
    return -1
