"""One rule in three places: what is good to the judge is good in the month's figures and in a credit's evidence."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from analytics.sla.incidents import Subject
from analytics.sla.slices import SHARES, Slice
from analytics.sla.store import Store
from sinks.setup import migrate
from tierfeed.domain.objectives import REDUNDANCY_SLICE_S, UPTIME_SLICE_S, Objective
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

NOON = 1_777_464_000
SLICES = 120
SYMBOLS = tuple(f"S{number:02}" for number in range(41))
CAUSES = ("session_lost", "mute", "no_quote", "unmeasured")
GRAIN_S = 600


@pytest.fixture
def store(database: ClickHouseSettings) -> Iterator[Store]:
    migrate(Settings(clickhouse=database))
    store = Store(database)
    yield store
    store.close()


def slices(chance: random.Random) -> Iterator[Slice]:
    """Of twenty and of forty symbols, too: one and two that are bad are just good enough, another one is not."""
    for objective in Objective:
        length_s = REDUNDANCY_SLICE_S if objective is Objective.REDUNDANCY else UPTIME_SLICE_S
        full = 200 if objective in SHARES else 3 if objective is Objective.REDUNDANCY else 1
        for number in range(SLICES):
            symbols = tuple(sorted(chance.sample(SYMBOLS, chance.choice((1, 7, 19, 20, 21, 39, 40, 41)))))
            bad = set(chance.sample(symbols, min(chance.randrange(4), len(symbols))))
            total = tuple(chance.randrange(1, full + 1) for _ in symbols)
            good = tuple(
                of - chance.randrange(1, of + 1) if symbol in bad else of
                for symbol, of in zip(symbols, total, strict=True)
            )
            causes = tuple(chance.choice(CAUSES) if symbol in bad else "" for symbol in symbols)
            yield Slice("pro", objective, NOON + number * length_s, length_s, symbols, good, total, causes)


@pytest.mark.parametrize(
    "bought", [None, frozenset(SYMBOLS[:20]), frozenset(SYMBOLS[:1])], ids=["all", "twenty", "one"]
)
def test_sql_judges_as_the_judge_does(store: Store, bought: frozenset[str] | None) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    told = list(slices(random.Random(seed)))
    store.keep(told)
    until = NOON + SLICES * REDUNDANCY_SLICE_S

    kept, causes = Counter[tuple[str, int, str]](), Counter[str]()
    for each in told:
        judged = each.judged(bought)
        key = str(each.objective), (each.start - NOON) // GRAIN_S
        kept.update({(*key, "good"): judged.good, (*key, "total"): judged.total})
        if each.objective is Objective.UPTIME:
            causes.update(judged.causes)
    assert kept["uptime", 0, "good"] + kept["uptime", 1, "good"] > 0 or bought is not None

    assert causes
    rows = store.judged(Subject("acme", "pro", bought), NOON, until, GRAIN_S)
    found = {(row["objective"], row["span"], what): row[what] for row in rows for what in ("good", "total")}
    assert found == dict(kept)

    asked = {"tier": "pro", "symbols": sorted(bought or ())}
    bad = store.ask(
        "sla_bad", asked | {"from": datetime.fromtimestamp(NOON, UTC), "to": datetime.fromtimestamp(until, UTC)}
    )
    assert {row["cause"]: row["slices"] for row in bad} == dict(causes)
