"""The judge's process: it judges, has done what is to be done about a breach, and proposes credits."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from analytics.sla.commands import Commands
from analytics.sla.credits import GRACE, Credits
from analytics.sla.judge import Judge
from analytics.sla.ledger import GapLedger
from analytics.sla.remedy import Remedy
from infra.control import Control
from infra.principals import ALONE
from tierfeed.domain.tenants import Registered
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0
GAPS_S: Final = 3.0
REGISTER_S: Final = 60.0

Register = Callable[[], Registered]


def run_judge(
    settings: Settings, register: Register, stop: threading.Event, ready: Callable[[], Any] = lambda: None
) -> None:
    """Judge until `stop` is set. Raises ConfigError, and UpstreamError when this process has to end. Blocks."""
    registered = register()
    commands = Commands(Control(settings.kafka, ALONE["sla"]))
    judge = Judge(settings, registered, commands.admitted)
    remedy, ledger = Remedy(judge, commands, registered.tiers), GapLedger(settings, commands)
    ready()
    try:
        look_s = gaps_s = time.monotonic()
        proposed = ""
        while not stop.wait(LOOK_S):
            commands.look()
            remedy.step(judge.step(time.time()))
            if time.monotonic() >= gaps_s:
                gaps_s = time.monotonic() + GAPS_S
                ledger.step(time.time())
            if time.monotonic() >= look_s:
                look_s = time.monotonic() + REGISTER_S
                proposed = propose_credits(settings, proposed, datetime.now(UTC))
                if (now := register()) != registered:
                    registered = now
                    judge.close()
                    judge = Judge(settings, registered, commands.admitted)  # goes on where the stored slices end
                    remedy = Remedy(judge, commands, registered.tiers)
    finally:
        judge.close()
        ledger.close()
        commands.close()


def propose_credits(settings: Settings, before: str, now: datetime) -> str:
    """Propose those of the newest month that can be judged, unless it is the one of `before`. Returns that month."""
    month = ((now - GRACE).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    if month != before:
        for each in Credits(settings.clickhouse, settings.sla).propose(month, now):
            log.info("credit proposed", tenant=each.tenant, month=month, percent=each.percent)
    return month
