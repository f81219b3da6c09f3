"""Quix Streams: `python quix.py`. It pins an older confluent-kafka than ours: an environment of its own."""

import os
from typing import Any

from quixstreams import Application
from ticks import BOOTSTRAP, SOURCES, TIERS, Job, Meter, decode, encode

app = Application(
    broker_address=BOOTSTRAP,
    consumer_group=f"quix-{os.getpid()}",
    auto_offset_reset="earliest",
    loglevel="WARNING",
    auto_create_topics=False,
)
job, meter = Job(), Meter()
targets = {tier: app.topic(f"tier.{tier}", key_serializer="str", value_serializer="bytes") for tier in TIERS}


def fan_out(value: bytes, key: str | None, timestamp: int, headers: Any) -> list[tuple[str, bytes]]:
    """The whole job; the filters behind it send each record to its topic."""
    if key is None:
        return []  # control records carry no key
    meter.before()
    quotes = [(tier, encode(quote)) for tier, _, quote in job.on_tick(decode(value))]
    meter.after(len(quotes))
    return quotes


for name in SOURCES:
    topic = app.topic(name, value_deserializer="bytes", key_deserializer="str")
    stream = app.dataframe(topic).apply(fan_out, expand=True, metadata=True)
    for tier in TIERS:
        of_tier = stream.filter(lambda quote, tier=tier: quote[0] == tier)
        of_tier.apply(lambda quote: quote[1]).to_topic(targets[tier])
app.run()
