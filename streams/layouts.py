"""The kernels' rows as records on the wire: which field is which."""

from schemas.codec import Layout
from streams.kernels.state import BROKER_ROW, NEVER, QUALITY_ROW, QUOTE_ROW

QUOTE_NAMES = {
    "as_of_time": "as_of",
    "due_time": "due",
    "published_time": "published",
    "conflated_count": "conflated",
    "upto_sequence": "upto",
    "bid_age_us": "bid_age",
    "ask_age_us": "ask_age",
    "eligible_brokers": "eligible",
    "quarantined_brokers": "quarantined",
    "feed_latency_us": "feed_latency",
    "conflation_us": "conflation",
    "sources.offset": "source",
    "brokers.broker": "broker",
}
"""Where the kernels' name for a field is a shorter one."""
QUOTE_POOLS = {
    "symbol": "symbol",
    "bid_broker": "broker",
    "ask_broker": "broker",
    "lead_broker": "broker",
    "sources.broker": "broker",
    "brokers.broker": "broker",
}
WINDOW_LAYOUT = Layout(
    record=QUALITY_ROW,
    names={
        "window_start": "start",
        "last_received_time": "last_received",
        "latency_p50_us": "p50",
        "latency_p95_us": "p95",
        "latency_p99_us": "p99",
        "latency_max_us": "highest",
    },
    pools={"broker": "broker", "symbol": "symbol"},
    absent=NEVER,
)


def quote_layout(brokers: int, members: int) -> Layout:
    """Of a tier that has at most so many of the shard's brokers at a time."""
    return Layout(
        record=QUOTE_ROW,
        names=QUOTE_NAMES,
        items=BROKER_ROW,
        item_room=brokers,
        item_count=members,
        only={"sources": "sources.offset", "brokers": "brokers.broker"},
        pools=QUOTE_POOLS,
        absent=NEVER,
    )
