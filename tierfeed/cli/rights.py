"""`tierfeed rights`: what the product's own parts may do on a secured Kafka cluster. Plan, apply."""

from typing import Annotated, Any

import typer
from confluent_kafka.admin import AdminClient

from infra.acls import acls_of, scram_users, set_acls, upsert_scram
from infra.principals import RightsPlan, plan_rights, rights
from infra.secret import new_password
from tierfeed.cli.clusters import asking
from tierfeed.cli.credentials import Credentials, handing_over, show_credentials
from tierfeed.cli.output import Json, emit, out, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import reached
from tierfeed.cli.topics import declared_topics
from tierfeed.domain.tenants import PARTS
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings, load_settings

app = typer.Typer(name="rights", help="The parts' own users and rights: plan, apply.", no_args_is_help=True)

Users = Annotated[
    bool, typer.Option("--users/--no-users", help="Also SCRAM users; not where the parts log in by other means.")
]


@app.command()
def plan(users: Users = True, json: Json = False) -> None:
    """Show which rights the parts lack or have too many of, and which have no user. Exit code 1 where there is any.

    A part may write and read what schemas/topics says it produces and consumes, and use its own consumer groups.

    Example: tierfeed rights plan
    """
    settings = reached(load_settings())
    found, new = _plan(settings, asking(settings.kafka), users)
    _tell(found, new, [], json)
    if found.add or found.remove or new:
        raise typer.Exit(PROBLEM)


@app.command()
def apply(credentials: Credentials = None, users: Users = True, json: Json = False) -> None:
    """Give each part exactly its rights, and a SCRAM user where it has none; passwords are shown this once.

    Needs a user of the cluster that may do so. What `tierfeed up --secure` runs has all this already.

    Example: tierfeed rights apply --credentials parts.jsonl
    """
    settings = reached(load_settings())
    client = asking(settings.kafka)
    found, new = _plan(settings, client, users)
    passwords = {user: new_password() for user in new}
    with handing_over(passwords, credentials, json) as given:
        upsert_scram(client, passwords)
        set_acls(client, add=found.add, remove=found.remove)
    _tell(found, new, given, json)


def _plan(settings: Settings, client: AdminClient, users: bool) -> tuple[RightsPlan, list[str]]:
    actual = acls_of(client)
    if actual is None:
        raise ConfigError(f"Kafka cluster {settings.kafka.bootstrap_servers} has no authorizer: it allows everything")
    there = scram_users(client, PARTS) if users else PARTS
    found = plan_rights(rights(settings, declared_topics(settings).values()), actual)
    return found, [user for user in PARTS if user not in there]


def _tell(plan: RightsPlan, users: list[str], given: list[dict[str, str]], json: bool) -> None:
    rows: list[tuple[str, str]] = [(user, "gets a user of the Kafka cluster") for user in users]
    rows += [(acl.user, f"may no longer {acl.what}") for acl in plan.remove]
    rows += [(acl.user, f"may {acl.what}") for acl in plan.add]
    if json:
        document: dict[str, Any] = {"changes": [{"subject": user, "words": words} for user, words in rows]}
        emit(document | {"credentials": given})
        return
    if rows:
        show(("who", "what"), rows)
    else:
        out().print("every part has its user and its rights")
    show_credentials(given)
