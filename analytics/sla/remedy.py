"""The remedies at work: what the judge knows in, commands on `control` and steps on `sla.events` out.

Only the judge's process does it. It keeps nothing of its own: what was asked for stands on `control`, how far each
remedy is on `sla.events`, and both are read when it starts.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from analytics.sla.choices import COMPARED_S, Feed
from analytics.sla.commands import Commands
from analytics.sla.incidents import Event
from analytics.sla.judge import Judge
from analytics.sla.remedies import GOOD_S, Remedies
from analytics.sla.slices import SYMBOLS_PERCENT
from analytics.sla.watch import Standing
from infra import metrics
from infra.metrics import Metric
from tierfeed.domain.commands import Orders, Said
from tierfeed.domain.objectives import REDUNDANCY_SLICE_S, Objective
from tierfeed.domain.tiers import Tier

log = structlog.get_logger(__name__)


class Remedy:
    """Beside one judge, after whose every step it takes one of its own."""

    def __init__(self, judge: Judge, commands: Commands, tiers: Mapping[str, Tier]) -> None:
        self._judge, self._commands = judge, commands
        self._remedies = Remedies(tiers)
        for event in judge.log.told:
            self._remedies.hear(event)

    def step(self, told: Iterable[Event]) -> None:
        """Do what is to be done about what the judge has told. Raises UpstreamError."""
        for event in told:
            self._remedies.hear(event)
        if self._judge.done is None:
            return
        for each in self._remedies.step(Facts(self._judge, self._commands.orders)):
            if isinstance(each, Said):
                self._ask(each)
            else:
                self._tell(each)

    def _ask(self, said: Said) -> None:
        self._commands.tell(said)
        action, step = said.command.action.name.lower(), said.step.name.lower()
        metrics.count(Metric.COMMANDS, stage="remedy", action=action, step=step)

    def _tell(self, event: Event) -> None:
        self._judge.log.tell([event])
        metrics.count(Metric.SLA_EVENTS, kind=event.kind.name.lower(), objective=str(event.objective))
        log.warning("remedy", what=event.kind.name.lower(), incident=event.incident, detail=event.detail)


class Facts:
    """The world as the judge knows it: up to the second that is judged."""

    def __init__(self, judge: Judge, orders: Orders) -> None:
        self.now = judge.done or 0
        self.wall_us = time.time_ns() // 1000
        self.orders = orders
        self._watch, self._store = judge.watch, judge.store
        self._feeds: dict[tuple[int, int], Feed] = {}

    def unable(self, tier: Tier, broker: str) -> str:
        symbols = sorted(tier.symbols or self._watch.symbols_of((*tier.brokers, broker)))
        symbols = [symbol for symbol in symbols if not self._watch.is_quiet(symbol, self.now)]
        standings = [self._watch.standing(broker, symbol, self.now) for symbol in symbols]
        able = standings.count(Standing.ELIGIBLE)
        if standings and able * 100 >= SYMBOLS_PERCENT * len(standings):
            return ""
        reasons = sorted(str(standing) for standing in standings if standing is not Standing.ELIGIBLE)
        return max(reasons, key=reasons.count, default="not heard of")

    def was_good(self, tier: Tier, objective: Objective, since: int) -> bool:
        start = self.now // REDUNDANCY_SLICE_S * REDUNDANCY_SLICE_S - REDUNDANCY_SLICE_S
        if objective is Objective.UPTIME:
            start = self.now - GOOD_S
        if start < since:
            return False
        slices = self._store.slices(start, self.now)
        found = [each for each in slices if each.tier == tier.name and each.objective is objective]
        return bool(found) and not any(each.judged().bad for each in found)

    def feed(self, start: int, end: int) -> Feed:
        if (start, end) not in self._feeds:
            asked = {"from": _moment(start), "to": _moment(end)}
            rows = self._store.ask("feed_latency", asked)
            self._feeds[start, end] = {(row["broker"], row["symbol"]): row["p99_us"] for row in rows}
        return self._feeds[start, end]

    def leads(self, tier: Tier) -> Mapping[str, str]:
        asked = {"tier": tier.name, "from": _moment(self.now - COMPARED_S), "to": _moment(self.now)}
        rows = self._store.ask("lead_changes", asked)
        return {row["symbol"]: row["broker"] for row in sorted(rows, key=lambda row: row["last_told"])}

    def gaps(self, brokers: Sequence[str], start: int, end: int) -> Mapping[str, int]:
        asked = {"brokers": list(brokers), "from": _moment(start), "to": _moment(end)}
        return {row["state"]: row["gaps"] for row in self._store.ask("gap_states", asked)}


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
