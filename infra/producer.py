"""The one producer of a worker: idempotent, acks=all, batch-wise, and silent once its lease has run out."""

import time
from typing import Any

import confluent_kafka as ck
from faust.transport.producer import Producer as BaseProducer

from tierfeed.errors import FencedError, UpstreamError
from tierfeed.settings import KafkaSettings

FULL_QUEUE_POLL_S = 0.01
QUEUE_RECORDS = 200_000


class Lease:
    """How long this process may believe that its partitions are still its own.

    The polling thread renews it at every poll. A process that was suspended (SIGSTOP, a long pause) finds it run out
    when it wakes, whichever thread looks first, and may not write again: by then its session has ended and another
    worker may own the partitions.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._renewed = time.monotonic()
        self._lost = False

    def renew(self) -> None:
        """Say that the process is awake. Raises FencedError when it slept too long; for good."""
        self.check()
        self._renewed = time.monotonic()

    def check(self) -> None:
        slept_s = time.monotonic() - self._renewed
        if self._lost or slept_s > self.seconds:
            self._lost = True
            raise FencedError(f"suspended for {slept_s:.1f} s, longer than the {self.seconds:.1f} s lease")


class BatchProducer:
    """Hands batches to librdkafka with an explicit partition. A record that cannot be delivered fails the worker."""

    def __init__(self, kafka: KafkaSettings, *, delivery_timeout_ms: int, session_timeout_ms: int) -> None:
        self.delivery_timeout_ms = delivery_timeout_ms
        # Renewed at least every POLL_S; what is sent at the very end of a lease has run into its delivery
        # time-out before the session that covers it can have ended.
        self.lease = Lease(max(session_timeout_ms - delivery_timeout_ms, 1000) / 1000)
        self._failed: str | None = None
        self._rd = ck.Producer(
            kafka.client(
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                linger_ms=0,
                batch_size=262_144,
                message_timeout_ms=delivery_timeout_ms,
                queue_buffering_max_messages=QUEUE_RECORDS + 10_000,
                queue_buffering_max_kbytes=1_048_576,
                delivery_report_only_error=True,
            )
            | {"on_delivery": self._on_failure}
        )

    def _on_failure(self, error: ck.KafkaError | None, message: ck.Message) -> None:
        if error is not None and self._failed is None:
            self._failed = f"{message.topic()}/{message.partition()}: {error.str()}"

    def send_batch(self, topic: str, partition: int, messages: list[dict[str, bytes]]) -> None:
        """Queue `messages` (dicts of key and value) in order. Waits for room; raises when they cannot be queued.

        `poll` raises once one that was queued could not be delivered.
        """
        self.lease.check()
        while len(self._rd) + len(messages) > QUEUE_RECORDS:
            self.poll(FULL_QUEUE_POLL_S)
        queued = self._rd.produce_batch(topic, messages, partition)
        if queued != len(messages):
            error = next(message["_error"] for message in messages if "_error" in message)
            raise UpstreamError(f"{len(messages) - queued} records could not be queued for {topic}: {error!r}")

    def send(
        self, topic: str, partition: int, value: bytes | None, key: bytes | None = None, headers: Any = None
    ) -> None:
        """Queue one record, with headers where it has any."""
        self.lease.check()
        while True:
            try:
                self._rd.produce(topic, value, key, partition, headers=headers)
                break
            except BufferError:
                self.poll(FULL_QUEUE_POLL_S)

    def poll(self, timeout_s: float = 0.0) -> None:
        """Serve delivery reports. Raises UpstreamError once a record could not be delivered."""
        self._rd.poll(timeout_s)
        if self._failed is not None:
            raise UpstreamError(f"a record could not be delivered to {self._failed}")

    def flush(self) -> None:
        """Wait until everything queued is on disk. Raises UpstreamError when it cannot be."""
        left = self._rd.flush(self.delivery_timeout_ms / 1000 + 1)
        self.poll()
        if left:
            raise UpstreamError(f"{left} records were not delivered within {self.delivery_timeout_ms} ms")


class FaustProducer(BaseProducer):  # type: ignore[misc]
    """What Faust knows of the producer: it is flushed before offsets are committed."""

    async def flush(self) -> None:
        # On the loop on purpose: agents go on when everything they sent is safe.
        self.app.rd_producer.flush()

    def supports_headers(self) -> bool:
        return True
