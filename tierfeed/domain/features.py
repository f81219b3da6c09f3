"""What a tier may sell, and by which fields of its record one sees it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Feature(StrEnum):
    """Closed vocabulary of what is sold."""

    BASIC_PRICE = "basic_price"
    SPREAD_ANALYSIS = "spread_analysis"
    QUALITY_METRICS = "quality_metrics"
    BROKER_COMPARISON = "broker_comparison"
    LATENCY_OPTIMIZATION = "latency_optimization"
    PRIORITY_ROUTING = "priority_routing"


FIELDS: Final[Mapping[Feature, tuple[str, ...]]] = {
    Feature.BASIC_PRICE: (
        "symbol", "bid", "ask", "mid", "state", "event_time", "received_time", "as_of_time", "due_time",
        "published_time", "conflated_count", "upto_sequence", "epoch", "sources",
    ),
    Feature.SPREAD_ANALYSIS: ("spread", "spread_min", "spread_max", "mid_low", "mid_high"),
    Feature.QUALITY_METRICS: ("bid_age_us", "ask_age_us", "eligible_brokers", "quarantined_brokers"),
    Feature.BROKER_COMPARISON: ("bid_broker", "ask_broker", "bid_size", "ask_size", "brokers"),
    Feature.LATENCY_OPTIMIZATION: ("feed_latency_us", "conflation_us"),
    Feature.PRIORITY_ROUTING: ("lead_broker", "lead_since", "lead_switched"),
}  # fmt: skip
"""The record's fields by which each is visible. A test holds this and the schemas together, field by field."""

RECORDS: Final[Mapping[str, tuple[Feature, ...]]] = {
    "FreeQuote": (Feature.BASIC_PRICE,),
    "ProQuote": (Feature.BASIC_PRICE, Feature.SPREAD_ANALYSIS, Feature.QUALITY_METRICS),
    "EnterpriseQuote": tuple(Feature),
}
"""What each record shows. Whoever may read a topic sees all of its record, so a tier's features are its record's."""
