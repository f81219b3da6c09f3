"""A sink in a process of its own, to be killed. Arguments: settings (JSON), and `careless` for the negative control.

A careless sink trusts Kafka's commits and its insert tokens, and does not look at what is stored.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from faust.types.tuples import TP

from infra.commits import Committed
from sinks import agents, statements, writer
from sinks.placement import SinkPlacement
from sinks.port import Rows
from tierfeed.errors import TierfeedError
from tierfeed.settings import Settings

FILTER = "AND offset >= next_offsets[place]"


class Careless(SinkPlacement):
    async def assigned(self, partitions: frozenset[TP], committed: Mapping[TP, Committed]) -> Mapping[TP, int]:
        await super().assigned(partitions, committed)
        return {tp: committed[tp].offset or 0 for tp in partitions}


def be_careless() -> None:
    looking = statements.insert

    def insert(rows: Rows, owner: str, known: Sequence[int]) -> str:
        statement = looking(rows, owner, known)
        assert FILTER in statement
        return statement.replace(FILTER, "")

    writer.statements.insert = insert
    agents.SinkPlacement = Careless  # type: ignore[misc]  # the point of it


async def main(settings: str, mood: str = "careful") -> int:
    if mood == "careless":
        be_careless()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    try:
        await agents.run_sink(Settings.model_validate_json(settings), stop, lambda: print("ready", flush=True))
    except TierfeedError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
