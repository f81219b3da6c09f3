"""`tierfeed groups`: consumer groups, how far they are, and setting them back."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from confluent_kafka.admin import AdminClient

from infra.commits import Committed, start
from tierfeed.cli import clusters
from tierfeed.cli.clusters import GroupState, Place
from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.resetting import Move, Standing, meaning, plan_reset, role_of
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import reached
from tierfeed.errors import ConfigError, TierfeedError
from tierfeed.settings import KafkaSettings, Settings, load_settings

app = typer.Typer(name="groups", help="Consumer groups: list, show, reset.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The group.")]


class ActiveError(TierfeedError):
    """The group is at work."""


@app.command("list")
def list_groups(json: Json = False) -> None:
    """List the groups with their members and how many records wait for them.

    Example: tierfeed groups list
    """
    kafka = reached(load_settings()).kafka
    client = clusters.asking(kafka)
    places = clusters.partitions_of(client)
    rows = []
    for name in clusters.group_names(client):
        state = clusters.group_state(client, name)
        lag = sum(row["lag"] for row in _rows(kafka, client, state, places))
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
    kafka = reached(load_settings()).kafka
    client = clusters.asking(kafka)
    state = _known(client, name)
    rows = _rows(kafka, client, state, clusters.partitions_of(client))
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

    Back is always possible. Forward depends on whose group it is, and the plan says what will come of it:

    APP-tiers: records that are skipped reach no tier, for good.

    APP-latest: refused. It would claim that the .latest topics reflect what it has never seen.

    The sink goes on where ClickHouse says, whatever is committed: its rows are never doubled, nor skipped.

    Example: tierfeed groups reset tierfeed-stream-latest --to beginning --yes
    """
    settings = reached(load_settings())
    client = clusters.asking(settings.kafka)
    state = _known(client, name)
    standings = _standings(settings, client, name, topic)
    role = role_of(name, clusters.group_names(client), settings.stream.app_id, settings.sink.app_id)
    plan = plan_reset(to, role, standings)
    if state.is_active:
        raise ActiveError(f"group {name} is at work ({len(state.members)} members): end them first")
    if yes:
        clusters.reset(client, name, {move.was.place: move.to for move in plan})
    _tell(name, plan, meaning(role, plan), done=yes, json=json)
    if not yes:
        raise typer.Exit(PROBLEM)


def _standings(settings: Settings, client: AdminClient, name: str, topics: list[str] | None) -> list[Standing]:
    """Where the group stands on what it has committed, of `topics` if there are any."""
    places = clusters.partitions_of(client, topics or None)
    was = clusters.committed(settings.kafka, name, places)
    if not was:
        raise ConfigError(f"group {name} has committed nothing of {', '.join(topics) if topics else 'any topic'}")
    first, end = clusters.starts(client, was), clusters.ends(client, was)
    return [
        Standing(place, at.offset, start(Committed(at.offset, at.metadata)), first[place], end[place])
        for place, at in was.items()
    ]


def _tell(name: str, plan: list[Move], means: list[str], *, done: bool, json: bool) -> None:
    rows = [(*move.was.place, move.was.committed, move.to) for move in plan]
    if json:
        keys = ("topic", "partition", "was", "to")
        partitions = [dict(zip(keys, row, strict=True)) for row in rows]
        emit({"group": name, "done": done, "means": means, "partitions": partitions})
        return
    show(("topic", "partition", "was", "to"), rows)
    for sentence in means:
        err().print(sentence, markup=False)
    err().print("done" if done else "nothing done: --yes does it")


def _known(client: AdminClient, name: str) -> GroupState:
    if name not in clusters.group_names(client):
        raise ConfigError(f"there is no group {name!r}: `tierfeed groups list` shows them")
    return clusters.group_state(client, name)


def _rows(kafka: KafkaSettings, client: AdminClient, state: GroupState, known: Iterable[Place]) -> list[dict[str, Any]]:
    committed = {place: at.offset for place, at in clusters.committed(kafka, state.name, known).items()}
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
