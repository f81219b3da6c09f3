"""`tierfeed brokers command` and `commands`: to have done by hand what remedies do by themselves."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from tierfeed.cli.output import Json, emit, err, out, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import reached
from tierfeed.cli.times import moment
from tierfeed.domain.commands import OF_COLLECTORS, OF_STREAMS, Action, Command, Orders, Said, Step
from tierfeed.domain.words import Line
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings, load_settings

GROUP = "tierfeed-admin-tail"
LOOK_S = 0.25
MICRO = 1_000_000
ENDS = (Step.DONE, Step.REFUSED, Step.FAILED, Step.REVERTED)
COLUMNS = ("command", "action", "broker", "tier", "symbol", "line", "asked", "by", "step", "told", "reason")

Doable = StrEnum("Doable", {action.name: action.name.lower().replace("_", "-") for action in Action})  # type: ignore[misc]


def command(
    action: Annotated[Doable, typer.Argument(help="What is to be done.")],
    broker: Annotated[str, typer.Argument(help="Whose lines or history; who is to lead, or to be admitted.")],
    line: Annotated[str | None, typer.Option(help="start-line, stop-line, fill-gap: A, B, C or D.")] = None,
    tier: Annotated[str | None, typer.Option(help="switch-lead, admit-broker.")] = None,
    symbol: Annotated[str | None, typer.Option(help="switch-lead; fill-gap, where it is not all of them.")] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="fill-gap: since when.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="fill-gap: until when.")] = None,
    minutes: Annotated[float, typer.Option("--for", help="switch-lead, admit-broker: for so many minutes.")] = 30.0,
    wait: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 15.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show it; ask nobody.")] = False,
    json: Json = False,
) -> None:
    """Ask a broker's collector, or the stream workers, to do something, and tell what they answer.

    start-session and stop-session are for the lines a broker usually has. A collector obeys where it plays --rebase.

    Exit code 1 where it is refused, fails or nobody answers. Whoever accepted it does it even then.

    Example: tierfeed brokers command start-line pepperstone --line B
    """
    settings, now_us = reached(load_settings()), time.time_ns() // 1000
    what = Action[action.name]
    asked = Command(
        id=f"operator/{what.name.lower()}/{broker}/{now_us}",
        action=what,
        broker=broker,
        tier=tier,
        symbol=symbol,
        line=_line(line),
        from_us=_us("--from", begin),
        to_us=_us("--to", end),
        until_us=now_us + round(minutes * 60 * MICRO) if what in OF_STREAMS else None,
        deadline_us=now_us + round(wait * MICRO),
    )
    if problems := [*asked.problems(), *_unknown(asked, settings)]:
        raise ConfigError(problems)
    first = Said(command=asked, step=Step.ASKED, time_us=now_us, by="operator")
    if dry_run:
        _tell([first], json)
        if not json:
            err().print("nobody was asked", markup=False)
        return
    steps = list(_asked(settings, first, wait))
    _tell(steps, json)
    if steps[-1].step not in ENDS:
        whose = f"a collector of {broker} that plays --rebase" if what in OF_COLLECTORS else "a stream worker"
        err().print(f"no end was told within {wait:g} s: is {whose} at work?", markup=False)
    if steps[-1].step is not Step.DONE:
        raise typer.Exit(PROBLEM)


def commands(
    broker: Annotated[str | None, typer.Option(help="Of one broker.")] = None,
    json: Json = False,
) -> None:
    """List the commands of the last seven days, and how far each one is.

    Example: tierfeed brokers commands --broker pepperstone
    """
    from infra.control import Control, as_record  # confluent-kafka

    control = Control(reached(load_settings()).kafka, GROUP)
    try:
        told = control.read_all()
    finally:
        control.close()
    orders = Orders()
    for said in told:
        orders.hear(said)
    asked = sorted(orders.asked.values(), key=lambda said: said.time_us)
    rows = [
        as_record(orders.last[first.command.id]) | {"asked_time": _moment(first.time_us), "asked_by": first.by}
        for first in asked
        if broker in (None, first.command.broker)
    ]
    if json:
        emit(rows)
        return
    show(COLUMNS, [_row(row) for row in rows])


def _asked(settings: Settings, first: Said, wait_s: float) -> Iterator[Said]:
    """Ask, and every step that is told until an end, or until nobody has told one for too long."""
    from infra.control import Control  # confluent-kafka

    control = Control(settings.kafka, GROUP, first.command.broker)
    try:
        orders = Orders()
        for said in control.read_all():
            orders.hear(said)
        control.tell(first)
        deadline_s = time.monotonic() + wait_s
        while time.monotonic() < deadline_s and orders.step(first.command.id) not in ENDS:
            for said in control.poll(LOOK_S):
                if orders.hear(said) and said.command.id == first.command.id:
                    yield said
    finally:
        control.close()


def _unknown(asked: Command, settings: Settings) -> Iterator[str]:
    """What no part of this deployment could obey."""
    if asked.broker not in settings.brokers:
        yield f"broker {asked.broker!r} is not one of {', '.join(settings.brokers)}"
    if asked.tier is None:
        return
    tiers = {tier.name: tier for tier in settings.tiers()}
    if asked.tier not in tiers:
        yield f"tier {asked.tier!r} is not one of {', '.join(tiers)}"
        return
    tier = tiers[asked.tier]
    if asked.symbol is not None and not tier.carries(asked.symbol):
        yield f"tier {tier.name} does not carry {asked.symbol}"
    if asked.action is Action.ADMIT_BROKER and asked.broker not in tier.emergency:
        allowed = ", ".join(tier.emergency) or "none"
        yield f"broker {asked.broker} may not be admitted to {tier.name}; its emergency brokers: {allowed}"
    if asked.action is Action.SWITCH_LEAD and asked.broker not in (*tier.brokers, *tier.emergency):
        yield f"broker {asked.broker} is none of {tier.name}: {', '.join(tier.brokers)}"


def _line(name: str | None) -> Line | None:
    if name is None:
        return None
    if name not in Line.__members__:
        raise ConfigError(f"--line must be one of {', '.join(Line.__members__)}, was {name!r}")
    return Line[name]


def _us(option: str, text: str | None) -> int | None:
    return None if text is None else round(moment(option, text).timestamp() * MICRO)


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / MICRO, UTC)


def _tell(steps: list[Said], json: bool) -> None:
    from infra.control import as_record  # confluent-kafka

    records = [as_record(said) for said in steps]
    if json:
        emit(records)
        return
    out().print(steps[0].command.id, markup=False)
    columns = ("step", "time", "by", "reason")
    show(columns, [[record[name] for name in columns] for record in records])


def _row(row: dict[str, Any]) -> list[Any]:
    names = {"asked": "asked_time", "by": "asked_by", "told": "time"}
    return [row[names.get(name, name)] for name in COLUMNS]
