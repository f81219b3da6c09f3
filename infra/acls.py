"""Who may do what on the Kafka cluster: users with SCRAM credentials, and the authorizer's entries."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import confluent_kafka as ck
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from infra.kafka import REQUEST_S
from tierfeed.errors import UpstreamError

T = TypeVar("T")

BATCH: Final = 1000
"""Of one request."""
LOOK_S: Final = 0.05
SCRAM_ITERATIONS: Final = 4096
"""Kafka's least. Iterations make guessing dear; passwords here are random, and each log-in pays for them."""
USER: Final = "User:"
ANYWHERE: Final = "*"


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """One entry that allows something, from anywhere. Resource types, patterns and operations in Kafka's words."""

    user: str
    resource_type: str
    resource: str
    pattern: str
    operation: str

    @property
    def what(self) -> str:
        """The right, in words. A door (tenants.entitlement) is the right to its topic."""
        resource = self.resource.removesuffix(f"@{self.user}")
        named = f"{resource}…" if self.pattern == "PREFIXED" else resource
        return f"{self.operation} {self.resource_type.lower()} {named}"


def acls_of(client: AdminClient) -> frozenset[Acl] | None:
    """Every entry that allows a user something; None where the cluster has no authorizer. Raises UpstreamError."""
    everything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    try:
        found = client.describe_acls(everything, request_timeout=REQUEST_S).result()
    except ck.KafkaException as error:
        if error.args[0].code() == ck.KafkaError.SECURITY_DISABLED:
            return None
        raise UpstreamError(f"cannot describe the ACLs: {error.args[0].str()}") from error
    return frozenset(
        Acl(
            each.principal.removeprefix(USER),
            each.restype.name,
            each.name,
            each.resource_pattern_type.name,
            each.operation.name,
        )
        for each in found
        if each.permission_type == AclPermissionType.ALLOW and each.principal.startswith(USER)
    )


def add_acls(client: AdminClient, acls: Iterable[Acl]) -> None:
    """Allow. Raises UpstreamError with what was refused; what is there already is no error."""
    for some in batches(list(acls), BATCH):
        _done(client.create_acls([_binding(acl) for acl in some], request_timeout=REQUEST_S), "add")


def remove_acls(client: AdminClient, acls: Iterable[Acl]) -> None:
    """No longer allow. Whoever reads at this moment is refused at its next request. Raises UpstreamError."""
    for some in batches(list(acls), BATCH):
        _done(client.delete_acls([_filter(acl) for acl in some], request_timeout=REQUEST_S), "remove")


def await_acls(client: AdminClient, *, add: Iterable[Acl], remove: Iterable[Acl]) -> None:
    """Until the node that answers enforces what its controller has taken: a moment, with many users seconds.

    Raises UpstreamError.
    """
    wanted, unwanted, deadline_s = frozenset(add), frozenset(remove), time.monotonic() + REQUEST_S
    while wanted or unwanted:
        acls = acls_of(client) or frozenset()
        if acls.issuperset(wanted) and acls.isdisjoint(unwanted):
            return
        if time.monotonic() > deadline_s:
            raise UpstreamError(f"the cluster has not put rights into force within {REQUEST_S:g} s")
        time.sleep(LOOK_S)


def set_acls(client: AdminClient, *, add: Iterable[Acl], remove: Iterable[Acl]) -> None:
    """Take rights, then give others, and wait until both are in force. Raises UpstreamError."""
    new, old = tuple(add), tuple(remove)
    remove_acls(client, old)
    add_acls(client, new)
    await_acls(client, add=new, remove=old)


def scram_users(client: AdminClient, among: Iterable[str]) -> frozenset[str]:
    """Those of `among` that have a SCRAM credential. Raises UpstreamError.

    Asked by name: the client cannot read an answer with ten thousand users in it.
    """
    found = set()
    for some in batches(sorted(set(among)), BATCH):
        for user, future in client.describe_user_scram_credentials(list(some), request_timeout=REQUEST_S).items():
            try:
                future.result()
                found.add(user)
            except ck.KafkaException as error:
                if error.args[0].code() != ck.KafkaError.RESOURCE_NOT_FOUND:
                    raise UpstreamError(f"cannot look for user {user}: {error.args[0].str()}") from error
    return frozenset(found)


def upsert_scram(client: AdminClient, passwords: Mapping[str, str]) -> None:
    """Give users their passwords, new ones or in place of old ones. Raises UpstreamError.

    6 ms of CPU each: what the cluster keeps is computed here.
    """
    how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
    changes = [UserScramCredentialUpsertion(user, how, password.encode()) for user, password in passwords.items()]
    _alter_scram(client, changes, "give a password to")


def delete_scram(client: AdminClient, users: Iterable[str]) -> None:
    """Delete users. Connections they have live on until they authenticate anew. Raises UpstreamError."""
    _alter_scram(client, [UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512) for user in users], "delete")


def batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`values` in pieces of at most `size`."""
    for at in range(0, len(values), size):
        yield values[at : at + size]


def _alter_scram(client: AdminClient, changes: Sequence[Any], doing: str) -> None:
    for some in batches(changes, BATCH):
        _done(client.alter_user_scram_credentials(list(some), request_timeout=REQUEST_S), doing)


def _binding(acl: Acl) -> AclBinding:
    return AclBinding(*_parts(acl))


def _filter(acl: Acl) -> AclBindingFilter:
    return AclBindingFilter(*_parts(acl))


def _parts(acl: Acl) -> tuple[Any, ...]:
    return (
        ResourceType[acl.resource_type],
        acl.resource,
        ResourcePatternType[acl.pattern],
        USER + acl.user,
        ANYWHERE,
        AclOperation[acl.operation],
        AclPermissionType.ALLOW,
    )


def _done(futures: Mapping[Any, Any], doing: str) -> None:
    refused = []
    for of, future in futures.items():
        try:
            future.result()
        except ck.KafkaException as error:
            refused.append(f"cannot {doing} {of}: {error.args[0].str()}")
    if refused:
        raise UpstreamError("; ".join(refused))
