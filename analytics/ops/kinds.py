"""The kinds of rows that operations supply: columns, keys, tables. Data; what holds between columns is in rules.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from analytics.ops.cells import Cell, Count, Day, Flag, Moment, Money, Month, OneOf, Tags, TenantId, Text, Words

Row = dict[str, Any]
"""The values of one row by the fields of its table, `void` and `source` among them."""

REAL: Final = "real"
SYNTHETIC: Final = "synthetic"
PREFIX: Final = "synthetic-"
"""With it begins the id of everything that was generated, so that a file cannot lose its mark on the way."""


class KindName(StrEnum):
    """What a file may hold."""

    SUBSCRIPTIONS = "subscriptions"
    INVOICES = "invoices"
    CREDITS = "credits"
    TICKETS = "tickets"
    SURVEYS = "surveys"
    OPPORTUNITIES = "opportunities"
    COST_CHARGES = "cost_charges"
    BROKER_CONTRACTS = "broker_contracts"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name`: in files; `field`: in the table, None where it is only checked.

    `empty`: what an empty cell means where it may be empty. `names_tiers`: its values are tiers' names.
    """

    name: str
    cell: Cell
    about: str
    field: str | None = ""
    may_be_empty: bool = False
    empty: Any = None
    names_tiers: bool = False

    @property
    def stored(self) -> str | None:
        return self.name if self.field == "" else self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of rows. `key`: the fields that tell one row from another, one or two.

    `alone`: of two rows with the same of it, the spans (from_date, to_date) must not overlap. `ignored`: known columns
    that are not stored.
    """

    name: KindName
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    alone: str | None = None
    ignored: frozenset[str] = field(default=frozenset())

    @property
    def versions(self) -> str:
        """The table with every version."""
        return f"ops_{self.name}_versions"

    @property
    def view(self) -> str:
        """The newest versions that are not void."""
        return f"ops_{self.name}"

    @property
    def fields(self) -> tuple[str, ...]:
        """What a row has, in the order of its columns; `void` and `source` last."""
        return tuple(column.stored for column in (*self.columns, *OPTIONAL) if column.stored is not None)

    @property
    def has_tenants(self) -> bool:
        return "tenant" in self.fields

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.key)

    def header(self) -> tuple[str, ...]:
        """What a file must have."""
        return tuple(column.name for column in self.columns)


OPTIONAL: Final = (
    Column("void", Flag(), "true takes the row back", may_be_empty=True, empty=False),
    Column("source", OneOf((REAL, SYNTHETIC)), "synthetic: it was generated", may_be_empty=True, empty=REAL),
)
"""What every file may have besides."""

SURVEYS: Final[Mapping[str, tuple[int, int]]] = {"NPS": (0, 10), "CSAT": (1, 5)}
"""The scores of each kind of survey."""
CLOSED: Final = ("won", "lost")
"""States of an opportunity that has a day on which it was closed."""
CURRENCY: Final = "USD"

# FOCUS 1.2, https://focus.finops.org: the allowed values, and the columns that an export may have besides ours.
SERVICE_CATEGORIES: Final = (
    "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools",
    "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile",
    "Multicloud", "Networking", "Security", "Storage", "Web", "Other",
)  # fmt: skip
CHARGE_CATEGORIES: Final = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
FOCUS_BESIDES: Final = (
    "AvailabilityZone", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingPeriodEnd",
    "CapacityReservationId", "CapacityReservationStatus", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity",
    "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "InvoiceId", "InvoiceIssuerName", "ListCost",
    "ListUnitPrice", "PricingCategory", "PricingCurrency", "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit",
    "PublisherName", "RegionId", "RegionName", "ResourceType", "ServiceSubcategory", "SkuId", "SkuMeter",
    "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType",
)  # fmt: skip

_TENANT: Final = Column("tenant", TenantId(), "whose it is")
_FROM: Final = Column("from_date", Day(), "the first day")
_ENDED: Final = "the day on which it has ended"
_FIELD: Final = "amount_microusd"


def _id(name: str) -> Column:
    return Column(name, Text(), "its id")


_ALL: Final = (
    Kind(
        name=KindName.SUBSCRIPTIONS,
        about="What each tenant has bought, and for how much a month. One at a time.",
        key=("tenant", "from_date"),
        alone="tenant",
        columns=(
            _TENANT,
            _FROM,
            Column("to_date", Day(), f"{_ENDED}; empty: it goes on", may_be_empty=True),
            Column("tier", Text(), "one of the tiers", names_tiers=True),
            Column("price", Money(), "dollars a month", "price_microusd"),
        ),
    ),
    Kind(
        name=KindName.INVOICES,
        about="What was invoiced, and when it was paid.",
        key=("invoice",),
        columns=(
            _id("invoice"),
            _TENANT,
            Column("from_date", Day(), "the first day that it is for"),
            Column("to_date", Day(), _ENDED),
            Column("amount", Money(), "dollars", _FIELD),
            Column("issued_on", Day(), "when it was sent"),
            Column("due_on", Day(), "until when it is to be paid"),
            Column("paid_on", Day(), "when it was paid; empty: not yet", may_be_empty=True),
        ),
    ),
    Kind(
        name=KindName.CREDITS,
        about="Credits that were given by hand. Those for broken promises come from `tierfeed credits`.",
        key=("credit",),
        columns=(
            _id("credit"),
            _TENANT,
            Column("month", Month(), "of whose fee it is taken off"),
            Column("amount", Money(), "dollars", _FIELD),
            Column(
                "state",
                OneOf(("proposed", "approved", "invoiced", "rejected")),
                "approved and invoiced ones count against revenue",
            ),
            Column("reason", Text(), "what for"),
        ),
    ),
    Kind(
        name=KindName.TICKETS,
        about="What tenants asked support.",
        key=("ticket",),
        columns=(
            _id("ticket"),
            _TENANT,
            Column("opened_at", Moment(), "when it came"),
            Column("closed_at", Moment(), "when it was done; empty: it is open", may_be_empty=True),
            Column("severity", OneOf(("low", "normal", "high", "urgent")), "how bad it is"),
            Column("topic", Text(), "what it is about, in a word"),
        ),
    ),
    Kind(
        name=KindName.SURVEYS,
        about="What tenants answered when they were asked.",
        key=("survey",),
        columns=(
            _id("survey"),
            _TENANT,
            Column("kind", OneOf(tuple(SURVEYS)), "which question"),
            Column("score", Count(0, 10), "NPS 0 to 10, CSAT 1 to 5"),
            Column("answered_at", Moment(), "when it was answered"),
        ),
    ),
    Kind(
        name=KindName.OPPORTUNITIES,
        about="What sales works on.",
        key=("opportunity",),
        columns=(
            _id("opportunity"),
            _TENANT,
            Column("kind", OneOf(("new", "upgrade", "renewal")), "what is to be sold"),
            Column("from_tier", Text(), "what it has; empty where it is new", may_be_empty=True, names_tiers=True),
            Column("to_tier", Text(), "what it is to buy", names_tiers=True),
            Column("amount", Money(), "dollars a month that it is worth", _FIELD),
            Column("opened_on", Day(), "when it began"),
            Column("closed_on", Day(), "when it was won or lost; empty: it is open", may_be_empty=True),
            Column("state", OneOf(("open", *CLOSED)), "how it stands"),
        ),
    ),
    Kind(
        name=KindName.COST_CHARGES,
        about="What is paid for, in columns of FOCUS 1.x; its other columns, and x_ ones, are left aside.",
        key=("charge",),
        ignored=frozenset(FOCUS_BESIDES),
        columns=(
            Column("x_ChargeId", Text(), "its id, which FOCUS has none for", "charge"),
            Column("BillingPeriodStart", Day(or_midnight=True), "the first day of a month", "billing_period_start"),
            Column("ChargePeriodStart", Day(or_midnight=True), "the first day", "charge_period_start"),
            Column("ChargePeriodEnd", Day(or_midnight=True), _ENDED, "charge_period_end"),
            Column("ProviderName", Text(), "who sells it", "provider_name"),
            Column("ServiceName", Text(), "what is sold", "service_name"),
            Column("ServiceCategory", OneOf(SERVICE_CATEGORIES), "of what sort it is", "service_category"),
            Column("ChargeCategory", OneOf(CHARGE_CATEGORIES), "what sort of charge it is", "charge_category"),
            Column("ResourceId", Text(), "of which resource", "resource_id", may_be_empty=True, empty=""),
            Column("ResourceName", Text(), "its name", "resource_name", may_be_empty=True, empty=""),
            Column("BilledCost", Money(may_be_negative=True), "dollars on the bill", "billed_cost_microusd"),
            Column(
                "EffectiveCost", Money(may_be_negative=True), "dollars that are allocated", "effective_cost_microusd"
            ),
            Column("BillingCurrency", OneOf((CURRENCY,)), "nothing is converted", None),
            Column(
                "Tags",
                Tags(),
                "tier, symbol, broker, tenant: whose it is; provisioned and used, of one unit: how much of it is idle",
                "tags",
                may_be_empty=True,
                empty={},
            ),
        ),
    ),
    Kind(
        name=KindName.BROKER_CONTRACTS,
        about="What was agreed with each broker. One at a time.",
        key=("broker", "from_date"),
        alone="broker",
        columns=(
            Column("broker", Text(), "with whom"),
            _FROM,
            Column("to_date", Day(), f"{_ENDED}; empty: it goes on", may_be_empty=True),
            Column("fee", Money(), "dollars a month", "fee_microusd"),
            Column("connections", Count(1, 65_535), "how many sessions at once"),
            Column("redistribution_permitted", Flag(), "whether its prices may be passed on"),
            Column("tiers", Words(), "to which tiers", may_be_empty=True, empty=[], names_tiers=True),
            Column(
                "upstream",
                Text(),
                "whose prices it resells: brokers of one upstream are one for redundancy",
                may_be_empty=True,
            ),
        ),
    ),
    Kind(
        name=KindName.MAINTENANCE,
        about="When no service is promised: announced 72 hours before, four hours of open market a month at most.",
        key=("maintenance",),
        columns=(
            _id("maintenance"),
            Column("starts_at", Moment(), "when it begins"),
            Column("ends_at", Moment(), "when it has ended"),
            Column("announced_at", Moment(), "when tenants were told"),
            Column("what", Text(), "what is done"),
        ),
    ),
)

KINDS: Final[Mapping[KindName, Kind]] = {kind.name: kind for kind in _ALL}
