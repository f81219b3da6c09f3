"""`tierfeed topics`: what is declared in schemas/topics, and what the Kafka cluster has."""

from typing import Annotated, Any

import typer
from confluent_kafka.admin import AdminClient

from infra.kafka import Plan, describe, plan_topics
from infra.kafka import apply as carry_out
from schemas import topics as wire
from schemas.topics import Topic
from tierfeed.cli.clusters import asking
from tierfeed.cli.output import Json, emit, out, show
from tierfeed.cli.shell import PROBLEM, say_error
from tierfeed.cli.stack import reached
from tierfeed.settings import Settings, load_settings

app = typer.Typer(name="topics", help="Topics: plan, apply, list.", no_args_is_help=True)


@app.command()
def plan(json: Json = False) -> None:
    """Show what `apply` would do. Exit code 1 where there is something to do, or something it cannot put right.

    Example: tierfeed topics plan
    """
    settings = reached(load_settings())
    found = _plan(settings, asking(settings.kafka))
    _tell(found, json)
    if found.problems or not found.is_empty:
        raise typer.Exit(PROBLEM)


@app.command()
def apply(json: Json = False) -> None:
    """Make what is missing, configure what differs. Nothing is deleted, and no symbol ever changes its partition.

    Example: tierfeed topics apply
    """
    settings = reached(load_settings())
    client = asking(settings.kafka)
    found = _plan(settings, client)
    carry_out(found, client, settings.kafka.replication_factor)
    _tell(found, json)
    if found.problems:
        raise typer.Exit(PROBLEM)


@app.command("list")
def list_topics(
    everything: Annotated[bool, typer.Option("--all", help="Also topics that are not declared.")] = False,
    json: Json = False,
) -> None:
    """List the cluster's topics.

    Example: tierfeed topics list --json
    """
    settings = reached(load_settings())
    declared = declared_topics(settings)
    rows: list[dict[str, Any]] = [
        {
            "topic": name,
            "declared": name in declared,
            "partitions": topic.partitions,
            "values": list(declared[name].values) if name in declared else [],
            "retention_ms": topic.config.get("retention.ms"),
            "cleanup_policy": topic.config.get("cleanup.policy"),
        }
        for name, topic in sorted(describe(asking(settings.kafka)).items())
        if everything or name in declared
    ]
    if json:
        emit(rows)
    else:
        show(
            ("topic", "declared", "partitions", "values", "retention ms", "cleanup"),
            [list(row.values()) for row in rows],
        )


def declared_topics(settings: Settings) -> dict[str, Topic]:
    return wire.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)


def _plan(settings: Settings, client: AdminClient) -> Plan:
    return plan_topics(declared_topics(settings), describe(client))


def _tell(plan: Plan, json: bool) -> None:
    if json:
        emit(
            {
                "create": [topic.name for topic in plan.create],
                "change": [str(change) for change in plan.change],
                "grow": [str(growth) for growth in plan.grow],
                "unknown": list(plan.unknown),
                "problems": list(plan.problems),
            }
        )
        return
    rows = [("create", f"{topic.name}, {topic.partitions} partitions") for topic in plan.create]
    rows += [("change", str(change)) for change in plan.change]
    rows += [("grow", str(growth)) for growth in plan.grow]
    rows += [("leave alone", f"{name}: is not declared") for name in plan.unknown]
    if plan.is_empty:
        out().print("the topics are as declared")
    if rows:
        show(("do", "what"), rows)
    for problem in plan.problems:
        say_error(problem)
