"""A tape through the whole line: collectors, a stream worker and a sink, each a process, on real servers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.clickhouse import client
from schemas import topics
from sinks.setup import migrate
from tests.builders import eventually
from tests.integration.stream_parts import Parts, await_tiers, deployed, has_read, module_word
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings

PLAYED_S = 240
"""Of each of three steps, on a machine that has other things to do; alone it takes half a minute for all."""


@dataclass(frozen=True)
class Played:
    """What a tape came to. `word` stands before the name of every broker and tier."""

    word: str
    settings: Settings
    _client: Any

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a SELECT; `{broker}` and `{tier}` are written without the word."""
        names = {name: f"{self.word}{value}" for name, value in parameters.items() if name in ("broker", "tier")}
        return list(self._client.query(sql, parameters=parameters | names).result_rows)

    def value(self, sql: str, **parameters: object) -> Any:
        ((value,),) = self.rows(sql, **parameters)
        return value


@contextmanager
def played(
    request: pytest.FixtureRequest,
    kafka: KafkaSettings,
    clickhouse: ClickHouseSettings,
    folder: Path,
    tape: Sequence[Mapping[str, Any]],
    tiers: Mapping[str, Mapping[str, Any]],
) -> Iterator[Played]:
    """Play a tape once, as fast as it goes, until all of it is stored. Topics and tables stay if a test fails.

    `tape` and `tiers` as in their files, names without the word.
    """
    failed = request.session.testsfailed
    with module_word(request, kafka) as word:
        own = clickhouse.model_copy(update={"database": word})
        brokers = sorted({f"{word}{entry['broker']}" for entry in tape})
        named = {
            f"{word}{name}": tier | {"brokers": [f"{word}{broker}" for broker in tier["brokers"]]}
            for name, tier in tiers.items()
        }
        settings = deployed(
            kafka, word, folder, brokers, named, clickhouse=own, sink={"app_id": f"{word}-sink", "flush_ms": 200}
        )
        path = folder / "TAPE.yaml"
        path.write_text(yaml.safe_dump([entry | {"broker": f"{word}{entry['broker']}"} for entry in tape]))
        migrate(settings)
        with Parts(settings, folder) as parts:
            _run(settings, parts, path)
        questions = client(own)
        yield Played(word, settings, questions)
        if request.session.testsfailed == failed:
            questions.command(f"DROP DATABASE {word}")
        questions.close()


def _run(settings: Settings, parts: Parts, tape: Path) -> None:
    parts.start("sink", "run")
    parts.start("stream", "run", "--part", "tiers")
    collector = parts.start("collect", "run", "--tape", str(tape))
    assert collector.wait(PLAYED_S) == 0
    await_tiers(settings, PLAYED_S)
    names = [*(topics.ticks(broker) for broker in settings.brokers), topics.QUALITY]
    names += [topics.tier(tier.name) for tier in settings.tiers()]
    eventually(lambda: has_read(settings, settings.sink.app_id, *names), PLAYED_S)
