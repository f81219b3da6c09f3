"""Stock Faust, one event at a time, as its documentation shows it: `python stock_faust.py worker -l warn`."""

import os

import faust
from ticks import BOOTSTRAP, SOURCES, TASK, TIERS, Job, Meter, decode, encode

app = faust.App(
    f"stock-faust-{os.getpid()}",
    broker=f"kafka://{BOOTSTRAP}",
    value_serializer="raw",
    key_serializer="raw",
    topic_partitions=TASK["partitions"],
    datadir=TASK["folder"],
    consumer_auto_offset_reset=TASK.get("begin", "earliest"),
    web_enabled=False,
)
source = app.topic(*SOURCES, value_serializer="raw")
tiers = {tier: app.topic(f"tier.{tier}", value_serializer="raw") for tier in TIERS}
job, meter = Job(), Meter()


@app.agent(source)
async def fan_out(stream):  # type: ignore[no-untyped-def]
    """The whole job."""
    async for key, value in stream.items():
        if key is None:
            continue  # control records carry no key
        meter.before()
        released = 0
        for tier, symbol, quote in job.on_tick(decode(value)):
            await tiers[tier].send(key=symbol.encode(), value=encode(quote))
            released += 1
        meter.after(released)


if __name__ == "__main__":
    app.main()
