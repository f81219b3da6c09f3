"""Tenants: who they are, and which consumer groups are theirs."""

import re
from typing import Final

TENANT_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""No dot: the first one in a group's name ends the tenant's id."""
GROUP_SEPARATOR: Final = "."


def group_prefix(tenant: str) -> str:
    """What the names of the tenant's consumer groups begin with; nobody else may use such a group."""
    return tenant + GROUP_SEPARATOR


def tenant_of_group(group: str) -> str | None:
    """Whose a consumer group is; None where it is no tenant's, such as the product's own."""
    tenant, separator, _ = group.partition(GROUP_SEPARATOR)
    return tenant if separator and TENANT_ID.fullmatch(tenant) else None
