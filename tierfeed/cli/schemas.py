"""`tierfeed schemas`: the wire schemas of schemas/avro, and the registry where there is one."""

import typer

from infra.registry import schema_ids
from schemas.catalogue import ALL
from schemas.compatibility import catalogue_problems
from tierfeed.cli.output import Json, emit, show
from tierfeed.cli.shell import PROBLEM, say_error
from tierfeed.cli.topics import declared_topics
from tierfeed.errors import ConfigError
from tierfeed.settings import load_settings

app = typer.Typer(name="schemas", help="Schemas: check, register.", no_args_is_help=True)


@app.command()
def check(json: Json = False) -> None:
    """List the schemas with their ids and check that each version can read the one before. Exit code 1 where not.

    Example: tierfeed schemas check
    """
    problems = catalogue_problems(ALL)
    rows = [(schema.name, schema.id, [field["name"] for field in schema.parsed["fields"]]) for schema in ALL]
    if json:
        schemas = [{"schema": name, "id": schema_id, "fields": fields} for name, schema_id, fields in rows]
        emit({"schemas": schemas, "problems": problems})
    else:
        show(("schema", "id", "fields"), rows)
        for problem in problems:
            say_error(problem)
    if problems:
        raise typer.Exit(PROBLEM)


@app.command()
def register(json: Json = False) -> None:
    """Register every schema under each topic that carries it, and print the ids that the registry gave.

    Example: TIERFEED_REGISTRY__URL=http://registry:8081 tierfeed schemas register
    """
    settings = load_settings()
    if settings.registry.url is None:
        raise ConfigError("registry.url must name a schema registry to register in, was not set")
    ids = dict(schema_ids(settings.registry, declared_topics(settings).values()))
    if json:
        emit(ids)
    else:
        show(("schema", "id"), sorted(ids.items()))
