"""A reader to be killed: writes the number of each update it has taken to a file, a line each, before the next."""

import asyncio
import sys
from pathlib import Path
from typing import Any, TextIO

from tierfeed.client import TierConsumer


async def main(notes: TextIO, bootstrap_servers: str, tier: str, group: str, begin: Any) -> None:
    names = {"tier": tier, "tenant": tier, "group": group}
    async with TierConsumer(bootstrap_servers, **names, from_=begin, commit_every_s=0.05) as consumer:
        async for quote in consumer.quotes():
            notes.write(f"{quote.upto_sequence}\n")
            notes.flush()


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a") as file:
        asyncio.run(main(file, *sys.argv[2:]))
