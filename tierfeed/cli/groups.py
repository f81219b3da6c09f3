"""`tierfeed groups`: consumer groups, how far they are, and setting them back."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from confluent_kafka.admin import AdminClient

from infra.kafka import admin
from tierfeed.cli import clusters
from tierfeed.cli.clusters import GroupState, Place
from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import reached
from tierfeed.errors import ConfigError, TierfeedError
from tierfeed.settings import load_settings

app = typer.Typer(name="groups", help="Consumer groups: list, show, reset.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The group.")]


class ActiveError(TierfeedError):
    """The group is at work."""


@app.command("list")
def list_groups(json: Json = False) -> None:
    """List the groups with their members and how many records wait for them.

    Example: tierfeed groups list
    """
    client = admin(reached(load_settings()).kafka)
    rows = []
    for name in clusters.group_names(client):
        state = clusters.group_state(client, name)
        lag = sum(row["lag"] for row in _rows(client, state))
        rows.append({"group": name, "state": state.state.lower(), "members": len(state.members), "lag": lag})
    if json:
        emit(rows)
    else:
        show(("group", "state", "members", "lag"), [list(row.values()) for row in rows])


@app.command("show")
def show_group(name: Name, json: Json = False) -> None:
    """Show a group partition by partition: what it has committed, where the partition ends, who reads it.

    Example: tierfeed groups show tierfeed-stream-tiers
    """
    client = admin(reached(load_settings()).kafka)
    state = _known(client, name)
    rows = _rows(client, state)
    if json:
        emit({"group": name, "state": state.state.lower(), "partitions": rows})
    else:
        title = f"{name}: {state.state.lower()}, {len(state.members)} members"
        show(("topic", "partition", "committed", "end", "lag", "member"), [list(row.values()) for row in rows], title)


@app.command()
def reset(
    name: Name,
    to: Annotated[str, typer.Option(metavar="beginning|latest|OFFSET", help="Where the group shall go on.")],
    topic: Annotated[list[str] | None, typer.Option(help="Only this topic; may be given again.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it the plan is shown, and nothing done.")] = False,
    json: Json = False,
) -> None:
    """Set a group's committed offsets. Refused while the group is at work.

    The sink goes on where ClickHouse says, whatever is committed: its rows are never doubled, nor skipped.

    Example: tierfeed groups reset tierfeed-stream-latest --to beginning --yes
    """
    client = admin(reached(load_settings()).kafka)
    state = _known(client, name)
    was = {place: at for place, at in clusters.committed(client, name).items() if not topic or place[0] in topic}
    if not was:
        raise ConfigError(f"group {name} has committed nothing of {', '.join(topic) if topic else 'any topic'}")
    plan = _plan(client, was, to)
    if state.is_active:
        raise ActiveError(f"group {name} is at work ({len(state.members)} members): end them first")
    if yes:
        clusters.reset(client, name, plan)
    rows = [(place[0], place[1], was[place], at) for place, at in sorted(plan.items())]
    if json:
        keys = ("topic", "partition", "was", "to")
        emit({"group": name, "done": yes, "partitions": [dict(zip(keys, row, strict=True)) for row in rows]})
    else:
        show(("topic", "partition", "was", "to"), rows)
        err().print("done" if yes else "nothing done: --yes does it")
    if not yes:
        raise typer.Exit(PROBLEM)


def _known(client: AdminClient, name: str) -> GroupState:
    if name not in clusters.group_names(client):
        raise ConfigError(f"there is no group {name!r}: `tierfeed groups list` shows them")
    return clusters.group_state(client, name)


def _plan(client: AdminClient, was: Mapping[Place, int], to: str) -> dict[Place, int]:
    first, end = clusters.starts(client, was), clusters.ends(client, was)
    if to == "beginning":
        return first
    if to == "latest":
        return end
    if not to.isdecimal():
        raise ConfigError(f"--to must be beginning, latest or an offset, was {to!r}")
    return {place: min(max(int(to), first[place]), end[place]) for place in was}


def _rows(client: AdminClient, state: GroupState) -> list[dict[str, Any]]:
    committed = clusters.committed(client, state.name)
    owners = {place: member for member in state.members for place in member.places}
    places = sorted(committed.keys() | owners.keys())
    ends, starts = clusters.ends(client, places), clusters.starts(client, places)
    return [
        {
            "topic": place[0],
            "partition": place[1],
            "committed": committed.get(place),
            "end": ends[place],
            "lag": ends[place] - max(committed.get(place, 0), starts[place]),
            "member": owners[place].instance or owners[place].client if place in owners else None,
        }
        for place in places
    ]
