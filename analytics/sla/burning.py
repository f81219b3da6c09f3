"""The burn rates of a subject as of any moment, from the stored slices."""

from typing import Final

from analytics.sla.incidents import MINUTE_S, Burn, Subject
from analytics.sla.schedule import Schedule
from analytics.sla.store import Store
from tierfeed.domain.market import Calendar
from tierfeed.domain.objectives import Objective, target_ppm
from tierfeed.domain.tiers import Tier

MEMORY_S: Final = 7 * 86_400
"""Has the longest window's market hours in it, weekends included."""


def burns(store: Store, calendar: Calendar, subject: Subject, tier: Tier, at: int) -> dict[Objective, Burn]:
    """Of each objective that is promised, with the scheduled minutes before `at`. Raises UpstreamError."""
    targets = {objective: target_ppm(tier, objective) for objective in Objective}
    found = {objective: Burn(subject, objective, target) for objective, target in targets.items() if target is not None}
    end = at // MINUTE_S * MINUTE_S
    start = end - MEMORY_S
    sums: dict[Objective, dict[int, tuple[int, int]]] = {}
    for row in store.judged(subject, start, end, MINUTE_S):
        sums.setdefault(Objective(row["objective"]), {})[row["span"]] = (row["good"], row["total"])
    schedule = Schedule(calendar, [tier], start, end)
    for objective, minutes in sums.items():
        for minute in range(min(minutes), MEMORY_S // MINUTE_S):
            if objective in found and schedule.tiers_at(start + minute * MINUTE_S, MINUTE_S):
                found[objective].remember(*minutes.get(minute, (0, 0)))
    return found
