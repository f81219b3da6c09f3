"""The Kafka cluster's side of tenants: what it has of them, and carrying out a plan."""

import secrets
from collections.abc import Iterable
from typing import Final

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from infra.acls import acls_of, add_acls, delete_scram, remove_acls, scram_users, upsert_scram
from infra.kafka import REQUEST_S
from infra.quotas import quotas_of, set_quotas
from tenants.plan import ClusterState, TenantPlan
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

AUTHORIZER: Final = "authorizer.class.name"
DOOR_AUTHORIZER: Final = "tierfeed.DoorAuthorizer"
"""The embedded cluster's, when secured: infra/embedded/DoorAuthorizer.java."""
PASSWORD_BYTES: Final = 24


class Access:
    """Users, rights and quotas of one cluster. Keeps the passwords it has given until somebody takes them."""

    def __init__(self, kafka: KafkaSettings, client: AdminClient) -> None:
        self.passwords: dict[str, str] = {}
        self._kafka, self._client = kafka, client

    def state(self) -> ClusterState:
        """What the cluster has. Raises UpstreamError."""
        acls = acls_of(self._client)
        if acls is None:
            return ClusterState(secured=False)
        users = scram_users(self._client)
        return ClusterState(
            secured=True,
            doors=_authorizer(self._client) == DOOR_AUTHORIZER,
            users=users,
            acls=acls,
            quotas=quotas_of(self._kafka),
        )

    def carry_out(self, plan: TenantPlan) -> None:
        """Do what the plan says of the cluster. What was done before a failure stays; a plan made anew does the rest.

        Rights are taken before others are given, and before the users they belong to go: a connection that is open
        outlives its user, but not its rights. Raises UpstreamError.
        """
        remove_acls(self._client, plan.remove)
        self.give_passwords(plan.new_users)
        set_quotas(self._kafka, dict(plan.quotas))
        add_acls(self._client, plan.add)
        delete_scram(self._client, plan.gone_users)

    def give_passwords(self, users: Iterable[str]) -> None:
        """New passwords, in `passwords` as soon as the cluster has them. Raises UpstreamError."""
        passwords = {user: secrets.token_urlsafe(PASSWORD_BYTES) for user in users}
        upsert_scram(self._client, passwords)
        self.passwords |= passwords


def _authorizer(client: AdminClient) -> str | None:
    """The class of the authorizer, by any node's configuration; they have to be alike."""
    try:
        node = str(next(iter(client.list_topics(timeout=REQUEST_S).brokers)))
        resource = ConfigResource(ResourceType.BROKER, node)
        config = client.describe_configs([resource], request_timeout=REQUEST_S)[resource].result()
    except ck.KafkaException as error:
        raise UpstreamError(f"cannot ask for the cluster's authorizer: {error.args[0].str()}") from error
    return config[AUTHORIZER].value if AUTHORIZER in config else None
