"""The JMX exporter beside a secured Kafka: bytes that each user was sent, and the sizes of partitions, for Prometheus.

On a cluster of one's own: the same agent with the same rules on every node, and the setting meter.exporters.
"""

from pathlib import Path
from typing import Final

from infra.embedded import jars

RULES: Final = Path(__file__).with_name("rules.yaml")


def agent(host: str, port: int, cache: Path = jars.CACHE) -> str:
    """Java's argument for a server that answers at this address. Raises UpstreamError where the agent cannot be had."""
    (jar,) = jars.fetch(jars.read_lock(jars.EXPORTER), cache)
    return f"-javaagent:{jar}={host}:{port}:{RULES}"
