"""The judge's process: quality windows and tier records in, slices and the events of incidents out.

It judges what is stored, so it goes on where the stored slices end, and whoever starts again works out the same. Events
go out before the slices they rest on are stored: killed in between, it finds them on the topic and does not tell them
again. What came late is judged again; an event, once told, stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from analytics.ops.terms import Terms
from analytics.sla.burning import burns
from analytics.sla.incidents import BEGINS, MINUTE_S, Breaches, Burn, Event, EventKind, Subject
from analytics.sla.log import EventLog, withdrawn
from analytics.sla.schedule import Schedule
from analytics.sla.slices import Admitted, Judged, Slice, Slicer, counted
from analytics.sla.store import EPOCH, Edges, Store
from analytics.sla.watch import Limits, Watch
from infra import metrics
from infra.metrics import Metric
from tierfeed.domain.market import month_of
from tierfeed.domain.objectives import REDUNDANCY_SLICE_S, UPTIME_SLICE_S, Objective, alerts, target_ppm
from tierfeed.domain.spans import total
from tierfeed.domain.tenants import Registered
from tierfeed.domain.tiers import Tier
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0
TERMS_S: Final = 60.0
"""How often it looks whether maintenance was announced, or a broker's contract has changed."""
MARGIN_S: Final = 3
"""A second is judged so long after it has ended: the sinks of all partitions have stored it."""
STALLED_S: Final = 20
"""Nothing is stored any more for so long: time passes all the same, and is unmeasured."""
RECALL_S: Final = 900
"""Longer than a quote lives, and than a broker may be silent before it is mute."""
CHUNK_S: Final = 3600


def subjects_of(registered: Registered) -> Iterator[Subject]:
    """Whom to judge apart: each tier, and each tenant that has bought fewer symbols than its tier has."""
    for name in registered.tiers:
        yield Subject(name, name)
    for tenant in registered.tenants.values():
        if tenant.symbols is not None and tenant.tier in registered.tiers:
            yield Subject(tenant.id, tenant.tier, tenant.symbols)


class Judge:
    """`process.run_judge` is the way to run it; a test may step it."""

    def __init__(self, settings: Settings, registered: Registered, admitted: Admitted = lambda tier, end: ()) -> None:
        self._admitted = admitted
        self._tiers: Mapping[str, Tier] = registered.tiers
        self._subjects = tuple(subjects_of(registered))
        self._settings, self._looked = settings, datetime.now(UTC)
        self._terms = self._read_terms(self._looked.timestamp())
        self._limits = Limits(settings.stream.heartbeat_timeout_s, settings.stream.quote_lifetime_s)
        self.store = Store(settings.clickhouse)
        self.log = EventLog(settings.kafka)
        self._breaches: dict[tuple[str, Objective], Breaches] = {}
        self._burns: dict[tuple[str, Objective], Burn] = {}
        self._minutes: dict[tuple[str, Objective], list[int]] = {}
        self._month = ""
        self._since = 0
        self._slicer: Slicer | None = None
        self._edges: Edges | None = None
        self.done: int | None = None
        """Up to where it has judged; None until there is anything to judge."""

    def step(self, now_s: float) -> list[Event]:
        """Judge what has been stored meanwhile. Returns the events that were told. Raises UpstreamError."""
        self._renew_terms(now_s)
        edges = self.store.edges(EPOCH if self._edges is None else self._edges.stored)
        if edges is None:
            return []
        done = self._begin(edges.first) if self.done is None else self.done
        if self._edges is not None:  # what comes late is no newer edge
            edges = edges._replace(last=max(edges.last, self._edges.last))
        self._edges = edges
        safe = edges.last + 1 - MARGIN_S
        if now_s - edges.stored.timestamp() > STALLED_S:
            safe = max(safe, int(now_s) - STALLED_S)
        safe = safe // UPTIME_SLICE_S * UPTIME_SLICE_S
        told: list[Event] = []
        if safe > done:
            self._again(done)
        while safe > done:
            end = min(safe, done + CHUNK_S)
            told += self._judge(done, end)
            done = self.done = end
        return told

    @property
    def watch(self) -> Watch:
        """Who can be relied on at the end of what is judged."""
        assert self._slicer is not None
        return self._slicer.watch

    def close(self) -> None:
        self.store.close()

    def _renew_terms(self, now_s: float) -> None:
        """What has changed counts from here on: what is judged already stays as it is."""
        if now_s < self._terms_s or (terms := self._read_terms(now_s)) == self._terms:
            return
        self._terms, self._month = terms, ""
        if self.done is not None:
            self._slicer = self._slicer_at(self.done)

    def _read_terms(self, now_s: float) -> Terms:
        """Those of that day."""
        self._terms_s = now_s + TERMS_S
        return Terms.of(self._settings, datetime.fromtimestamp(now_s, UTC).date())

    # -- what an earlier judge knew

    def _begin(self, first: int) -> int:
        """Go on where the stored slices end. The very first judge begins with the second whole minute that there is."""
        stored = self.store.done()
        if stored is None:
            self._since = done = (first // MINUTE_S + 2) * MINUTE_S
        else:
            self._since, done, self._looked = stored
        self._slicer = self._slicer_at(done)
        for subject in self._subjects:
            self._take_up(subject, done)
        self._recall(done)
        over = [self._resume(record, done) for record in self.log.last.values()]
        self._tell(event for event in over if event is not None)
        self.done = done
        return done

    def _take_up(self, subject: Subject, done: int) -> None:
        """Alerts are for whoever runs a tier: of tenants only the breaches are told."""
        tier = self._tiers[subject.tier]
        if subject.symbols is None:
            found = burns(self.store, self._terms.calendar, subject, tier, done)
            self._burns |= {(subject.name, objective): burn for objective, burn in found.items()}
            self._minutes |= {(subject.name, objective): [0, 0] for objective in found}
        for objective in Objective:
            target = target_ppm(tier, objective)
            if target is not None:
                breaches = Breaches(subject, objective, target, _slice_s(objective))
                self._breaches[subject.name, objective] = breaches

    def _recall(self, done: int) -> None:
        """The last minute, which says whether it is calm, and what of this one is judged already."""
        minute = done // MINUTE_S * MINUTE_S
        slices = self.store.slices(minute - MINUTE_S, done)
        for subject in self._subjects:
            for each in (each for each in slices if each.tier == subject.tier):
                key = subject.name, each.objective
                if key in self._breaches:
                    judged = each.judged(subject.symbols)
                    self._breaches[key].remember(judged)
                    if each.start >= minute:
                        self._add(key, judged)

    def _resume(self, record: Mapping[str, Any], done: int) -> Event | None:
        """Go on from the newest step of an incident; the end of one that nobody will judge any more."""
        key, window_s = (record["subject"], Objective(record["objective"])), record["window_s"]
        goes_on = EventKind[record["kind"]] in BEGINS
        began, until = (int(record[name].timestamp()) for name in ("began_time", "time"))
        if window_s is None and key in self._breaches:
            self._breaches[key].resume(began if goes_on else None, until)
        elif window_s is not None and key in self._burns:
            self._burns[key].resume(window_s, began if goes_on else None, until)
        elif goes_on:
            return withdrawn(record, began, max(done, until))
        return None

    def _slicer_at(self, at: int) -> Slicer:
        """One that has heard what was said before `at`."""
        start = (at - RECALL_S) // MINUTE_S * MINUTE_S
        slicer = Slicer(
            self._tiers.values(), Watch(self._limits, self.store.quoted(start)), self._terms.upstreams, self._admitted
        )
        for _ in slicer.run(self.store.heard(start, at), self._schedule(start, at), start, at):
            pass
        return slicer

    def _schedule(self, start: int, end: int) -> Schedule:
        return Schedule(self._terms.calendar, self._tiers.values(), start, end)

    # -- judging

    def _judge(self, start: int, end: int) -> list[Event]:
        assert self._slicer is not None
        self._set_alerts(start)
        slices = list(self._slices(self._slicer, start, end))
        told = self._tell(self._events(slices, start, end))
        metrics.count(Metric.SLA_SLICES, self.store.keep(slices))
        return told

    def _tell(self, events: Iterable[Event]) -> list[Event]:
        told = self.log.tell(events)
        for event in told:
            metrics.count(Metric.SLA_EVENTS, kind=event.kind.name.lower(), objective=str(event.objective))
            log.warning("sla", what=event.kind.name.lower(), incident=event.incident, causes=list(event.causes))
        return told

    def _again(self, done: int) -> None:
        """Judge again what something was stored of late. Its incidents stay as they were told."""
        since, self._looked = self._looked, datetime.now(UTC)
        late = self.store.late(since, done)
        if late is None:
            return
        start = max(late // MINUTE_S * MINUTE_S, self._since)
        if start >= done:
            return  # nobody was to judge that
        self._slicer = self._slicer_at(start)
        for at in range(start, done, CHUNK_S):
            self.store.keep(self._slices(self._slicer, at, min(at + CHUNK_S, done)))
        log.info("judged again what was stored late", begin=datetime.fromtimestamp(start, UTC).isoformat())

    def _slices(self, slicer: Slicer, start: int, end: int) -> Iterator[Slice]:
        schedule = self._schedule(start, end)
        yield from slicer.run(self.store.heard(start, end), schedule, start, end)
        for tier in self._tiers.values():
            for each in counted(self.store.records(tier, start, end)):
                is_promised = target_ppm(tier, each.objective) is not None
                if is_promised and tier.name in schedule.tiers_at(each.start, each.length_s):
                    yield each

    def _events(self, slices: Iterable[Slice], start: int, end: int) -> Iterator[Event]:
        found = {(each.tier, each.objective, each.end): each for each in slices}
        schedule = self._schedule(start, end)
        for at in range(start + UPTIME_SLICE_S, end + 1, UPTIME_SLICE_S):
            scheduled = schedule.tiers_at(at - UPTIME_SLICE_S, UPTIME_SLICE_S)
            for subject in self._subjects:
                if subject.tier in scheduled:
                    yield from self._events_at(subject, at, found)

    def _events_at(
        self, subject: Subject, at: int, slices: Mapping[tuple[str, Objective, int], Slice]
    ) -> Iterator[Event]:
        for objective in Objective:
            key = subject.name, objective
            if key not in self._breaches or at % _slice_s(objective):
                continue
            each = slices.get((subject.tier, objective, at))
            judged = Judged(0, 0, ()) if each is None else each.judged(subject.symbols)
            event = self._breaches[key].hear(at - _slice_s(objective), at, judged)
            if event is not None:
                yield event
            self._add(key, judged)
            if key in self._burns and at % MINUTE_S == 0:
                yield from self._burns[key].hear(at, *self._minutes[key])
                self._minutes[key] = [0, 0]

    def _add(self, key: tuple[str, Objective], judged: Judged) -> None:
        if (sums := self._minutes.get(key)) is not None:
            sums[0] += judged.good
            sums[1] += judged.total

    def _set_alerts(self, at: int) -> None:
        """Burn rates are those of the month's budget."""
        month = datetime.fromtimestamp(at, UTC).strftime("%Y-%m")
        if month == self._month:
            return
        self._month = month
        first, after = month_of(month)
        of = {
            name: alerts(total(self._terms.calendar.scheduled(first, after, tier.brokers)))
            for name, tier in self._tiers.items()
        }
        for (name, _), burn in self._burns.items():
            burn.alerts = of[name]


def _slice_s(objective: Objective) -> int:
    return REDUNDANCY_SLICE_S if objective is Objective.REDUNDANCY else UPTIME_SLICE_S
