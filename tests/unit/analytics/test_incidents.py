"""One breach is one incident, with a beginning and an end."""

from datetime import UTC, datetime
from fractions import Fraction

from analytics.sla.incidents import Breaches, Burn, Event, EventKind, Subject, burn_rate
from analytics.sla.slices import Judged
from tierfeed.domain.objectives import Objective, alerts

PRO = Subject("pro", "pro")
GOOD, BAD, NONE = Judged(1, 1, ()), Judged(0, 1, ("mute",)), Judged(0, 0, ())
NOON = int(datetime(2026, 4, 29, 12, tzinfo=UTC).timestamp())


def told(breaches: Breaches, judged: list[Judged], slice_s: int = 10) -> list[Event]:
    found = [breaches.hear(NOON + i * slice_s, NOON + (i + 1) * slice_s, each) for i, each in enumerate(judged)]
    return [event for event in found if event is not None]


def test_a_breach_of_uptime_ends_when_a_minute_has_been_good() -> None:
    breaches = Breaches(PRO, Objective.UPTIME, 999_000, 10)
    begin, end = told(breaches, [GOOD] * 6 + [BAD, BAD, GOOD, BAD] + [GOOD] * 9)
    assert (begin.kind, begin.began - NOON, begin.time - NOON, begin.causes) == (EventKind.BREACH, 60, 70, ("mute",))
    assert (end.kind, end.began, end.time - NOON) == (EventKind.RECOVERY, begin.began, 160)
    assert (end.good, end.total) == (7, 10)
    assert begin.incident == end.incident == "pro/uptime/20260429T120100Z"
    assert begin.identity != end.identity


def test_a_breach_of_redundancy_ends_with_a_good_minute() -> None:
    breaches = Breaches(PRO, Objective.REDUNDANCY, 999_000, 60)
    begin, end = told(breaches, [BAD, BAD, GOOD], 60)
    assert (begin.began - NOON, end.time - NOON) == (0, 180)


def test_occurrences_are_judged_by_the_last_minute() -> None:
    breaches = Breaches(PRO, Objective.LATENCY, 990_000, 10)
    fine, late = Judged(50, 50, ()), Judged(40, 50, ())
    events = told(breaches, [fine] * 6 + [late] + [fine] * 6)
    # 290 of 300 is below 99 %; six good slices later the minute is clean.
    assert [(event.kind, event.good, event.total, event.time - NOON) for event in events] == [
        (EventKind.BREACH, 290, 300, 70), (EventKind.RECOVERY, 340, 350, 130),
    ]  # fmt: skip


def test_fewer_than_a_hundred_say_nothing() -> None:
    assert told(Breaches(PRO, Objective.LATENCY, 990_000, 10), [Judged(0, 9, ())] * 11) == []


def test_an_incident_that_an_earlier_judge_has_told_of_ends_and_does_not_begin_again() -> None:
    breaches = Breaches(PRO, Objective.UPTIME, 999_000, 10)
    breaches.resume(NOON - 30, NOON - 20)
    (end,) = told(breaches, [BAD] + [GOOD] * 6)
    assert (end.kind, end.began) == (EventKind.RECOVERY, NOON - 30)


def test_slices_up_to_what_was_told_last_are_not_told_of_again() -> None:
    slices = [GOOD] * 6 + [BAD, BAD] + [GOOD] * 6 + [BAD]
    begin, end, again = told(Breaches(PRO, Objective.UPTIME, 999_000, 10), slices)
    resumed = Breaches(PRO, Objective.UPTIME, 999_000, 10)
    resumed.resume(begin.began, begin.time)
    assert [event.identity for event in told(resumed, slices)] == [end.identity, again.identity]
    resumed = Breaches(PRO, Objective.UPTIME, 999_000, 10)
    resumed.resume(None, end.time)
    assert [event.identity for event in told(resumed, slices)] == [again.identity]


def test_the_factors_of_a_month_of_30_days() -> None:
    factors = [round(float(alert.factor), 2) for alert in alerts(round(514.29 * 3600))]
    assert factors == [10.29, 4.29, 0.71]


def test_a_burn_rate_of_one_uses_the_budget_up() -> None:
    assert burn_rate(1, 1000, 999_000) == 1
    assert burn_rate(12, 1000, 999_000) == 12


def test_an_alert_wants_both_windows_to_burn() -> None:
    burn = Burn(PRO, Objective.UPTIME, 999_000, alerts(1_851_444)[:1])
    events = [event for i in range(60) for event in burn.hear(NOON + 60 * i, 6, 6)]
    assert events == []
    (alert,) = [event for i in range(60, 64) for event in burn.hear(NOON + 60 * i, 5 if i == 60 else 6, 6)] or [None]
    assert alert is None  # 1 of 360 is 2.8 times the budget, 1 of 30 is 33 times
    events = [event for i in range(64, 90) for event in burn.hear(NOON + 60 * i, 3 if i == 64 else 6, 6)]
    assert [event.kind for event in events] == [EventKind.ALERT, EventKind.ALERT_END]
    assert events[0].window_s == 3600
    assert events[1].time - events[0].time == 5 * 60  # the short window is clean
    assert burn.rate(3600) == Fraction(4 * 1000, 360)


def test_less_than_a_hundred_events_give_no_alert() -> None:
    burn = Burn(PRO, Objective.UPTIME, 999_000, alerts(1_851_444))
    assert [event for i in range(16) for event in burn.hear(NOON + 60 * i, 0, 6)] == []
    assert [event.kind for event in burn.hear(NOON + 960, 0, 6)] == [EventKind.ALERT] * 3
