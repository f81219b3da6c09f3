"""The consumer: aiokafka around what `reader`, `order` and `snapshot` decide."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition, errors

from schemas import topics
from tierfeed.client.begin import Begin, begins, begins_with_latest
from tierfeed.client.decoder import Decoder
from tierfeed.client.places import Place, beats, commits, is_live, lag
from tierfeed.client.reader import PartitionReader
from tierfeed.client.rebalances import Rebalances
from tierfeed.client.values import Quote, Stats, Update
from tierfeed.client.wanted import BEGINNING, LATEST, RESUME, Security, Wanted
from tierfeed.errors import ConfigError

FETCH_MS: Final = 200
FETCH_RECORDS: Final = 100  # few, for Kafka takes a member that does not ask for five minutes to be dead
SILENCE_S: Final = 10.0
"""Every partition has a heartbeat a second. When nothing comes for so long, it is asked whether we may still log in."""
COMMIT_WITHIN_S: Final = 5.0
REQUEST_MS: Final = 15_000  # above the ten seconds that a group may take to be divided anew


class TierConsumer:
    """`async with TierConsumer(…) as consumer: async for update in consumer: …`.

    Whoever asks for the next update has taken the one before; so has whoever leaves the `async with` block without an
    error. What was taken is committed every `commit_every_s` and at the end, and never more: after a crash what was
    not committed comes again. Work that blocks the event loop for ten seconds loses the partitions to another member.

    `from_`: begin at the "latest", at the "beginning", or "resume" behind the group's last commit, at the latest where
    there is none; the second member of a group wants to resume. Partitions that come later, for another member has
    left, are resumed. With `latest`, each partition's last values come first, and then every update after them.

    Raises ConfigError, EntitlementError (nothing is tried again) and UpstreamError (trying again may help).
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        tier: str,
        tenant: str,
        group: str = "default",
        symbols: Collection[str] = (),
        from_: Literal["latest", "beginning", "resume"] = "latest",
        latest: bool = False,
        registry_url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        security_protocol: Security | None = None,
        sasl_mechanism: str = "SCRAM-SHA-512",
        ca_file: str | Path | None = None,
        commit_every_s: float = 3.0,
    ) -> None:
        wanted = Wanted(
            bootstrap_servers=bootstrap_servers, tier=tier, tenant=tenant, group=group, symbols=symbols, from_=from_,
            latest=latest, username=username, password=password, security_protocol=security_protocol,
            sasl_mechanism=sasl_mechanism, ca_file=ca_file,
        )  # fmt: skip
        self._access = wanted.access()
        self._latest = topics.latest(tier) if latest else None
        self._symbols = frozenset(symbols)
        self._wish: str | datetime | None = from_
        self._decoder = Decoder(registry_url)
        self._stats = Stats()
        self._kafka: Any = None
        self._settled = asyncio.Event()
        self._round = 0
        """Counts revocations: what was asked for before one is not for after it."""
        self._places: dict[TopicPartition, Place] = {}
        self._seen: set[TopicPartition] = set()
        self._messages: deque[Any] = deque()
        self._waiting: deque[Update] = deque()
        self._in_hand: tuple[Place, int] | None = None
        """Whose record `_waiting` comes from, and the offset behind it."""
        self._commit_every_s = commit_every_s
        self._commit_due = self._heard = time.monotonic()

    # -- beginning and end

    async def __aenter__(self) -> "TierConsumer":
        """Join the group, and commit where reading begins."""
        self._kafka = AIOKafkaConsumer(
            bootstrap_servers=self._access.bootstrap_servers,
            group_id=self._access.group,
            client_id=self._access.group,
            enable_auto_commit=False,
            request_timeout_ms=REQUEST_MS,
            auto_offset_reset="earliest",  # where retention has overtaken us, the gap is told
            **self._access.connection(),
        )
        self._kafka.subscribe([self._access.topic], listener=Rebalances(self._lose, self._settled))
        try:
            with self._access.told():
                await self._join()
        except BaseException:
            await self._kafka.stop()
            raise
        return self

    async def _join(self) -> None:
        try:
            await self._kafka.start()
        except errors.KafkaConnectionError:
            await self._access.probe()
            raise
        while not self._places and (not self._settled.is_set() or self._kafka.assignment()):
            await self._settle()
            await self._place()
        self._wish = None  # also of who has none yet: those that come are another member's

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            self._take()
        try:
            with self._access.told():
                await self._commit()
        finally:
            await self._kafka.stop()

    # -- what comes

    def __aiter__(self) -> "TierConsumer":
        return self

    async def __anext__(self) -> Update:
        self._take()
        with self._access.told():
            while not self._waiting:
                await self._advance()
        return self._waiting.popleft()

    async def quotes(self) -> AsyncIterator[Quote]:
        """Quotes alone."""
        async for update in self:
            if isinstance(update, Quote):
                yield update

    def _take(self) -> None:
        if self._in_hand is not None and not self._waiting:
            place, behind = self._in_hand
            place.taken, self._in_hand = behind, None

    async def _advance(self) -> None:
        """One step towards the next update. Whatever is awaited may be cancelled, and nothing is lost."""
        if time.monotonic() >= self._commit_due:
            await self._commit()
        if self._settled.is_set():
            await self._place()
        if self._waiting:
            return
        if not self._messages:
            await self._fetch()
        while self._messages and not self._waiting:
            if (schema_id := self._decoder.unasked(self._messages[0].value)) is not None:
                await self._decoder.ask(schema_id)
                return
            self._read(self._messages.popleft())

    async def _fetch(self) -> None:
        if self._kafka is None:
            raise ConfigError("a TierConsumer reads within `async with`, and was used outside of it")
        fetched = await self._kafka.getmany(timeout_ms=FETCH_MS, max_records=FETCH_RECORDS)
        for messages in fetched.values():
            self._messages.extend(messages)
        now = time.monotonic()
        if fetched or not self._places:
            self._heard = now
        elif now - self._heard > SILENCE_S:
            self._heard = now
            await self._access.probe()

    def _read(self, message: Any) -> None:
        place = self._places.get(TopicPartition(message.topic, message.partition))
        if place is None:
            return  # fetched before it was said where to begin
        self._stats.bytes += len(message.key or b"") + len(message.value or b"")
        decoded = self._decoder.decode(message.value)
        if decoded is None:
            self._stats.unknown += 1
        else:
            self._waiting.extend(place.reader.read(*decoded, message.offset, message.timestamp))
        if self._waiting:
            self._in_hand = place, message.offset + 1
        else:
            place.taken = message.offset + 1

    # -- where to read

    async def seek_to_beginning(self) -> None:
        """Read from the oldest record that is still there."""
        await self._seek(BEGINNING)

    async def seek_to_time(self, at: datetime) -> None:
        """Read from the first record that came to the topic at this time or later, by the Kafka cluster's clock."""
        if at.tzinfo is None:
            raise ConfigError(f"seek_to_time needs a time with its zone, was {at!r}")
        await self._seek(at)

    async def _seek(self, wish: str | datetime) -> None:
        self._take()
        with self._access.told():
            await self._commit()
            self._forget()
            self._wish = wish
            await self._settle()
            await self._place()

    async def _settle(self) -> None:
        """Until the group has said what is ours."""
        while not self._settled.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), FETCH_MS / 1000)
                return
            await self._kafka.getmany()  # raises what aiokafka's own tasks have met

    async def _place(self) -> None:
        """Say where reading begins on partitions that are newly here, and commit that before any record is read."""
        while self._settled.is_set() and (new := self._kafka.assignment() - self._places.keys()):
            now, wish = self._round, self._wish or RESUME
            found = await begins(self._kafka, new, wish)
            if self._latest is not None and wish in (LATEST, RESUME) and (unseen := new - self._seen):
                found |= await begins_with_latest(self._kafka, unseen, self._access, self._latest, self._decoder)
            if now == self._round:
                self._begin(found)
                await self._commit()

    def _begin(self, found: Mapping[TopicPartition, Begin]) -> None:
        for tp, begin in found.items():
            self._kafka.seek(tp, begin.offset)
            reader = PartitionReader(tp.partition, self._symbols, self._stats, begin.known.order())
            self._places[tp] = Place(begin.offset, reader)
            quotes = begin.known.of(self._symbols)
            self._stats.quotes += len(quotes)
            self._waiting.extend(quotes)
        self._seen |= found.keys()
        self._wish = None

    def _forget(self) -> dict[TopicPartition, Place]:
        """Drop what is under way; it comes again for whoever reads on. Returns the places as they were."""
        places, self._places = self._places, {}
        self._messages.clear()
        self._waiting.clear()
        self._in_hand = None
        return places

    async def _lose(self) -> None:
        """The group is divided anew."""
        self._settled.clear()
        self._round += 1
        await self._commit(self._forget())

    async def _commit(self, places: Mapping[TopicPartition, Place] | None = None) -> None:
        """What was taken. Where the group has moved on, or Kafka is away, it is left for the next time."""
        places = self._places if places is None else places
        self._commit_due = time.monotonic() + self._commit_every_s
        if offsets := commits(places):
            with suppress(TimeoutError, errors.CommitFailedError, errors.IllegalStateError):
                async with asyncio.timeout(COMMIT_WITHIN_S):
                    await self._kafka.commit(offsets)
                for tp, offset in offsets.items():
                    places[tp].committed = offset.offset

    # -- how it is

    @property
    def stats(self) -> Stats:
        """What was counted up to now."""
        return replace(self._stats)

    @property
    def lag(self) -> Mapping[int, int]:
        """Records per partition that are on the topic, as of the last fetch, and not taken."""
        return lag(self._places, lambda tp: self._kafka.highwater(tp))

    @property
    def last_heartbeat(self) -> Mapping[int, datetime]:
        """Per partition: everything due before this time, by the sessions' clock, was read."""
        return {p: beat.time for p, beat in beats(self._places).items()}

    def is_live(self, within_s: float) -> bool:
        """Whether every partition's last heartbeat is younger than this, by the Kafka cluster's clock and this one's.

        False also where there is no partition, where records wait to be read, and where nobody publishes.
        """
        return is_live(self._places, after_ms=(time.time() - within_s) * 1000)
