"""Read a tier with tierfeed's own consumer: python docs/examples/tier_consumer.py --help."""

import argparse
import asyncio
from typing import Any

from tierfeed.client import Gap, GapNotice, Quote, Stale, TierConsumer

options = argparse.ArgumentParser()
options.add_argument("bootstrap_servers")
options.add_argument("--tier", default="pro")
options.add_argument("--tenant", default="acme", help="its groups begin with this, and it is the user")
options.add_argument("--symbols", nargs="*", default=[], help="none: all that the tier carries")
options.add_argument("--password")
options.add_argument("--ca-file", help="the certificate that the Kafka cluster's TLS rests on")
options.add_argument("--registry-url", help="none: the schemas that come with tierfeed")


async def main(bootstrap_servers: str, **wishes: Any) -> None:
    async with TierConsumer(bootstrap_servers, group="screen", latest=True, **wishes) as consumer:
        async for update in consumer:
            match update:
                case Quote():
                    print(update.symbol, update.bid, update.ask, update.state.name, update.upto_sequence)  # noqa: T201
                case Gap(symbol, first, last):
                    print(symbol, "updates are missing:", first, "to", last)  # noqa: T201
                case GapNotice():
                    print(update.symbol or "all", "may lack ticks:", update.from_time, update.to_time, update.reason)  # noqa: T201
                case Stale(symbol, _, reason):
                    print(symbol, "is quoted by nobody:", reason)  # noqa: T201


asyncio.run(main(**vars(options.parse_args())))
