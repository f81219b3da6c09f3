"""A collector in a process of its own, to be killed: arguments are settings (JSON), tape, broker, speed.

The speed `@N`: as if it happened now, again and again, since N microseconds after 1970.
"""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from collectors.collect import CollectSpec, collect
from tierfeed.errors import TierfeedError
from tierfeed.settings import Settings


async def main(given: str, tape: str, broker: str, speed: str) -> int:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings.model_validate_json(given)
    how: dict[str, Any] = (
        {"speed": float(speed)} if speed[0] != "@" else {"rebase": True, "rebase_at_us": int(speed[1:])}
    )
    try:
        await collect(settings, CollectSpec(broker=broker, tape=Path(tape), **how), stop=stop)
    except TierfeedError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
