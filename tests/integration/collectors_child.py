"""A collector in a process of its own, to be killed: arguments are Kafka settings (JSON), tape, broker, speed."""

import asyncio
import signal
import sys
from pathlib import Path

from collectors.runner import CollectSpec, collect
from tierfeed.errors import TierfeedError
from tierfeed.settings import KafkaSettings, Settings


async def main(kafka: str, tape: str, broker: str, speed: str) -> int:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings(kafka=KafkaSettings.model_validate_json(kafka))
    try:
        await collect(settings, CollectSpec(broker=broker, tape=Path(tape), speed=float(speed)), stop=stop)
    except TierfeedError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
