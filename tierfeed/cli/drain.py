"""How far a run is, and what it still waits for: collectors, stream workers, sink and bars, by Kafka's own offsets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analytics.summary import Questions
from infra.kafka import admin
from schemas import topics
from tierfeed.cli.clusters import Commits, Place, ends, partitions_of
from tierfeed.cli.launch import groups_of
from tierfeed.settings import Settings

NOT_ASKED = -1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands. `expected` counts every record that the collectors are to publish, session records too."""

    expected: int
    published: int
    processed: int
    sunk: int
    """Records that the sink has stored or counted, of `to_sink` that there are."""
    to_sink: int
    unread: tuple[str, ...]
    """Topics that the sink has not read to their ends."""
    bars_behind: int

    @property
    def missing(self) -> list[str]:
        """What has to come before everything is done; empty when it is."""
        found = []
        if self.published < self.expected:
            found.append(f"{self.expected - self.published} of {self.expected} records are not published")
        if self.processed < self.published:
            found.append(f"{self.published - self.processed} published records are not processed by the stream worker")
        if self.unread:
            found.append(f"the sink has not come to the end of {', '.join(self.unread)}")
        if self.bars_behind > 0:
            found.append(f"{self.bars_behind} stored ticks are not in the bars")
        return found


class Watch:
    """Looks where a run stands. Its methods block."""

    def __init__(self, settings: Settings, expected: Mapping[str, int]) -> None:
        """`expected`: records by broker."""
        self._client = admin(settings.kafka)
        self._questions = Questions(settings.clickhouse)
        self._expected = sum(expected.values())
        stream, _, sink = groups_of(settings)
        self._stream, self._sink = Commits(settings.kafka, stream), Commits(settings.kafka, sink)
        self._sources = [topics.ticks(broker) for broker in settings.brokers]
        made = [*(topics.tier(tier.name) for tier in settings.tiers()), topics.QUALITY]
        self._places = partitions_of(self._client, [*self._sources, *made])

    def look(self) -> Standing:
        """Ask everyone. In an order that errs towards not done: what is read first can only have grown since."""
        read_by_sink = self._committed(self._sink)
        processed = self._committed(self._stream)
        end = ends(self._client, self._places)
        by_topic = _sums(end, end)
        sunk = _sums(read_by_sink, end)
        unread = tuple(topic for topic, to in by_topic.items() if sunk.get(topic, 0) < to)
        return Standing(
            expected=self._expected,
            published=sum(by_topic[topic] for topic in self._sources),
            processed=_sum_of(self._sources, _sums(processed, end)),
            sunk=sum(sunk.values()),
            to_sink=sum(by_topic.values()),
            unread=unread,
            # the dearest question, and there is no end without the others
            bars_behind=NOT_ASKED if unread else int(self._questions.ask("bars_behind")[0]["ticks"]),
        )

    def _committed(self, commits: Commits) -> dict[Place, int]:
        return {place: commit.offset for place, commit in commits.of(self._places).items()}

    def close(self) -> None:
        self._stream.close()
        self._sink.close()
        self._questions.close()


def _sums(offsets: Mapping[Place, int], wanted: Iterable[Place]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for topic, partition in wanted:
        sums[topic] = sums.get(topic, 0) + offsets.get((topic, partition), 0)
    return sums


def _sum_of(names: Iterable[str], sums: Mapping[str, int]) -> int:
    return sum(sums.get(name, 0) for name in names)
