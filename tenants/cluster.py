"""The Kafka cluster's side of tenants: what it has of them, and carrying out a plan."""

from collections.abc import Callable, Iterable
from typing import Final

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from infra.acls import acls_of, add_acls, await_acls, batches, delete_scram, remove_acls, scram_users, upsert_scram
from infra.embedded import authorizer
from infra.kafka import REQUEST_S
from infra.quotas import quotas_of, set_quotas
from infra.secret import new_password
from tenants.plan import ClusterState, TenantPlan
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

AUTHORIZER: Final = "authorizer.class.name"
PASSWORDS: Final = 500
"""Of one request: some seconds' work."""

Progress = Callable[[int, int], None]
"""Called with (users that have got their passwords, users that are to get one)."""


class Access:
    """Users, rights and quotas of one cluster. Keeps the passwords it has given until somebody takes them."""

    def __init__(self, kafka: KafkaSettings, client: AdminClient, progress: Progress = lambda done, of: None) -> None:
        self.passwords: dict[str, str] = {}
        self._kafka, self._client, self._progress = kafka, client, progress

    def state(self, tenants: Iterable[str] = ()) -> ClusterState:
        """What the cluster has of `tenants`, and of everybody else who has any right or quota. Raises UpstreamError."""
        acls = acls_of(self._client)
        if acls is None:
            return ClusterState(secured=False)
        quotas = quotas_of(self._kafka)
        known = {*tenants, *quotas, *(acl.user for acl in acls)}
        return ClusterState(
            secured=True,
            doors=_authorizer(self._client) == authorizer.CLASS,
            users=scram_users(self._client, known),
            acls=acls,
            quotas=quotas,
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
        await_acls(self._client, add=plan.add, remove=plan.remove)
        delete_scram(self._client, plan.gone_users)

    def give_passwords(self, users: Iterable[str]) -> None:
        """New passwords, in `passwords` before the cluster has them: its answer may be lost. Raises UpstreamError."""
        listed = list(users)
        for some in batches(listed, PASSWORDS):
            passwords = {user: new_password() for user in some}
            self.passwords |= passwords
            upsert_scram(self._client, passwords)
            self._progress(len(self.passwords), len(listed))


def _authorizer(client: AdminClient) -> str | None:
    """The class of the authorizer, by any node's configuration; they have to be alike."""
    try:
        node = str(next(iter(client.list_topics(timeout=REQUEST_S).brokers)))
        resource = ConfigResource(ResourceType.BROKER, node)
        config = client.describe_configs([resource], request_timeout=REQUEST_S)[resource].result()
    except ck.KafkaException as error:
        raise UpstreamError(f"cannot ask for the cluster's authorizer: {error.args[0].str()}") from error
    return config[AUTHORIZER].value if AUTHORIZER in config else None
