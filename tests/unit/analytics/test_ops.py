"""Files of operations: what a person may write, what he is told, and what an import would change."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.ops.check import Sound, check
from analytics.ops.files import Format, Table, read_csv, read_file, read_json, template
from analytics.ops.kinds import KINDS, KindName, Row
from analytics.ops.plan import Plan, plan_import
from tierfeed.domain.market import Calendar, Maintenance
from tierfeed.errors import ConfigError

TIERS = ("free", "pro", "enterprise")
SUBSCRIPTIONS, INVOICES, CHARGES = (
    KINDS[name] for name in (KindName.SUBSCRIPTIONS, KindName.INVOICES, KindName.COST_CHARGES)
)
HEADER = "tenant,from_date,to_date,tier,price\n"
CHARGE = {
    "x_ChargeId": "c1", "BillingPeriodStart": "2026-10-01", "ChargePeriodStart": "2026-10-01",
    "ChargePeriodEnd": "2026-11-01", "ProviderName": "aws", "ServiceName": "EC2", "ServiceCategory": "Compute",
    "ChargeCategory": "Usage", "ResourceId": "", "ResourceName": "", "BilledCost": "10.00", "EffectiveCost": "9.5",
    "BillingCurrency": "USD", "Tags": "",
}  # fmt: skip


def problems(kind: KindName, text: str, name: str = "f.csv") -> tuple[str, ...]:
    read = read_json if name.endswith(".json") else read_csv
    with pytest.raises(ConfigError) as told:
        check(KINDS[kind], read(KINDS[kind], text, name), TIERS)
    return told.value.problems


def rows(kind: KindName, table: Table) -> list[Row]:
    return [each.row for each in check(KINDS[kind], table, TIERS)]


def charge(**changes: str) -> str:
    cells = CHARGE | changes
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells.values()]
    return f"{','.join(cells)}\n{','.join(quoted)}\n"


def test_people_write_dollars_days_and_columns_as_they_like() -> None:
    text = (
        "price, tier ,tenant,to_date,from_date\n49,pro,acme,,2026-10-01\n\n,,,,\n"
        " 499.000001 ,enterprise,globex,2027-01-01,2026-10-01\n"
    )
    assert rows(KindName.SUBSCRIPTIONS, read_csv(SUBSCRIPTIONS, text, "f.csv")) == [
        {"tenant": "acme", "from_date": date(2026, 10, 1), "to_date": None, "tier": "pro",
         "price_microusd": 49_000_000, "void": False, "source": "real"},
        {"tenant": "globex", "from_date": date(2026, 10, 1), "to_date": date(2027, 1, 1), "tier": "enterprise",
         "price_microusd": 499_000_001, "void": False, "source": "real"},
    ]  # fmt: skip


def test_what_a_spreadsheet_saves_is_read(tmp_path: Path) -> None:
    """With a byte order mark, line ends of Windows, and quotes around what has a comma or a line's end in it."""
    file = tmp_path / "Credits.CSV"
    file.write_bytes(
        b'\xef\xbb\xbfcredit,tenant,month,amount,state,reason\r\nk1,acme,2026-10,5,approved,"sorry, \r\nfor that"\r\n'
        b"k2,acme,2026-10,x,approved,it\r\n"
    )
    table = read_file(KINDS[KindName.CREDITS], file)
    assert [each.where for each in table.rows] == ["Credits.CSV:2", "Credits.CSV:4"]  # on which the row begins
    assert table.rows[0].cells["reason"] == "sorry, \r\nfor that"


def test_everything_that_is_wrong_is_told_at_once_with_its_place() -> None:
    text = HEADER + (
        "acme,2026-10-01,2026-09-01,gold,49.0000001\n"
        "ACME Inc,10/01/2026,,pro,-1\n"
        "globex,2026-10-01,,pro\n"
        "initech,2026-10-01,,pro,49\n"
        "initech,2026-10-01,,free,0\n"
    )
    dollars = "price must be dollars such as 49.00 of at least 0, at most 1,000,000,000, with at most 6 decimals"
    assert problems(KindName.SUBSCRIPTIONS, text) == (
        "f.csv:4: must have 5 values, as the header has, had 4",
        "f.csv:2: tier must be of the tiers free, pro, enterprise, was 'gold'",
        f"f.csv:2: {dollars}, was '49.0000001'",
        "f.csv:2: to_date must be after from_date (2026-10-01), was '2026-09-01'",
        "f.csv:3: tenant must be a tenant's id: at most 40 of a-z, 0-9, '-' and '_', a letter or digit first, was "
        "'ACME Inc'",
        "f.csv:3: from_date must be a day such as 2026-10-01, was '10/01/2026'",
        f"f.csv:3: {dollars}, was '-1'",
        "f.csv:6: tenant and from_date must be in the file once, was 'initech and 2026-10-01', as in f.csv:5",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["f.csv:1: must begin with a header: tenant,from_date,to_date,tier,price"]),
        ("tenant;from_date;to_date;tier;price\n", ["f.csv:1: columns must be separated by commas, were by ';'"]),
        (
            "tenant,from,to_date,tier,price,tier,\n",
            [
                "from is not known; there are tenant, from_date, to_date, tier, price, void, source",
                "tier is given 2 times",
                "a column without a name is not known",
                "from_date is missing",
            ],
        ),
        (HEADER + 'acme,"2026\n', ["f.csv:2: is no CSV: unexpected end of data"]),
    ],
    ids=["empty", "semicolons", "columns", "quotes"],
)
def test_a_file_that_is_written_wrong_is_told_why(text: str, told: list[str]) -> None:
    if "no CSV" in told[0]:
        with pytest.raises(ConfigError) as error:
            read_csv(SUBSCRIPTIONS, text, "f.csv")
        found = error.value.problems
    else:
        found = problems(KindName.SUBSCRIPTIONS, text)
    assert len(found) == len(told)
    assert all(part in problem for part, problem in zip(told, found, strict=True))


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(HEADER.encode() + b"caf\xe9,2026-10-01,,pro,1\n")
    with pytest.raises(ConfigError, match=r"f\.csv:2: must be UTF-8, was b'\\xe9'"):
        read_file(SUBSCRIPTIONS, tmp_path / "f.csv")
    with pytest.raises(ConfigError, match=r"none\.csv: No such file"):
        read_file(SUBSCRIPTIONS, tmp_path / "none.csv")


def test_json_keeps_money_exact_and_lists_as_lists() -> None:
    contracts = KINDS[KindName.BROKER_CONTRACTS]
    text = """[{"broker": "fxcm", "from_date": "2026-01-01", "to_date": null, "fee": 0.1, "connections": 2,
        "redistribution_permitted": true, "tiers": ["free", "pro"], "upstream": null}]"""
    (row,) = rows(KindName.BROKER_CONTRACTS, read_json(contracts, text, "f.json"))
    assert (row["fee_microusd"], row["tiers"], row["redistribution_permitted"]) == (100_000, ["free", "pro"], True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "f.json: must be a list of objects, was {}"),
        ("[1]", "f.json, row 1: must be an object, was 1"),
        ('[{"tenant": "a", "tenant": "b"}]', "f.json: tenant is given twice"),
        ('[\n{"tenant": }]', "f.json:2: is no JSON: Expecting value"),
        ('[{"tenant": ["acme"]}]', "f.json, row 1: tenant must be a tenant's id"),
        ('[{"price": NaN}]', "f.json, row 1: price must be dollars"),
    ],
)
def test_json_that_is_wrong_is_told(text: str, told: str) -> None:
    try:
        found = problems(KindName.SUBSCRIPTIONS, text, "f.json")
    except ConfigError as error:
        found = error.problems
    assert any(problem.startswith(told) for problem in found), found


def test_an_export_in_focus_may_have_its_other_columns() -> None:
    table = read_csv(CHARGES, charge(BillingPeriodStart="2026-10-01T00:00:00Z", ListCost="11", x_Team="a"), "f.csv")
    assert table.aside == ("ListCost", "x_Team")
    (row,) = rows(KindName.COST_CHARGES, table)
    assert (row["billing_period_start"], row["billed_cost_microusd"], row["effective_cost_microusd"]) == (
        date(2026, 10, 1), 10_000_000, 9_500_000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "text", "told"),
    [
        ("BillingCurrency", "EUR", "must be one of USD"),
        ("ChargePeriodStart", "2026-10-01T05:00:00Z", "must be a day such as 2026-10-01, or its midnight in UTC"),
        ("ChargePeriodEnd", "2026-10-01", "must be after ChargePeriodStart (2026-10-01)"),
        ("ChargePeriodStart", "2026-09-30", "must be, as ChargePeriodEnd, within the month of BillingPeriodStart"),
        ("BillingPeriodStart", "2026-10-02", "must be the first day of a month"),
        ("ServiceCategory", "Computing", "must be one of AI and Machine Learning, Analytics"),
        ("BilledCost", "1e3", "must be dollars such as 49.00, at most 1,000,000,000"),
        ("Tags", '{"provisioned": "8"}', "must have both of provisioned"),
        ("Tags", '{"provisioned": "0", "used": "1"}', "must have both of provisioned, a number above 0"),
        ("Tags", '{"broker": ["fxcm"]}', 'must be a JSON object of texts such as {"broker": "fxcm"}'),
    ],
)
def test_a_charge_that_is_none_is_told(column: str, text: str, told: str) -> None:
    found = problems(KindName.COST_CHARGES, charge(**{column: text}))
    assert any(problem.startswith(f"f.csv:2: {column} {told}") for problem in found), found


def test_what_is_taken_off_a_bill_is_negative() -> None:
    (row,) = rows(KindName.COST_CHARGES, read_csv(CHARGES, charge(ChargeCategory="Credit", BilledCost="-3"), "f.csv"))
    assert row["billed_cost_microusd"] == -3_000_000


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        (KindName.INVOICES, "i,acme,2026-10-01,2026-11-01,49,2026-10-01,2026-09-01,", "due_on must not be before"),
        (KindName.INVOICES, "i,acme,2026-10-01,2026-11-01,49,2026-10-01,2026-10-15,2026-09-30", "paid_on must not be"),
        (KindName.TICKETS, "t,acme,2026-10-02T00:00Z,2026-10-01T23:59Z,low,gaps", "closed_at must not be before"),
        (KindName.SURVEYS, "s,acme,CSAT,0,2026-10-02T00:00Z", "score must be from 1 to 5 where kind is CSAT"),
        (KindName.SURVEYS, "s,acme,CSAT,9,2026-10-02T00:00Z", "score must be from 1 to 5 where kind is CSAT"),
        (KindName.SURVEYS, "s,acme,NPS,11,2026-10-02T00:00Z", "score must be a whole number from 0 to 10"),
        (KindName.SURVEYS, "s,acme,NPS,9,2026-10-02", "answered_at must be a moment"),
        (KindName.OPPORTUNITIES, "o,acme,new,,pro,49,2026-10-01,,won", "closed_on must be a day where state is won"),
        (KindName.OPPORTUNITIES, "o,acme,new,,pro,49,2026-10-01,2026-10-02,open", "closed_on must be empty where"),
        (KindName.OPPORTUNITIES, "o,acme,new,free,pro,49,2026-10-01,,open", "from_tier must be empty where kind"),
        (KindName.OPPORTUNITIES, "o,acme,upgrade,,pro,49,2026-10-01,,open", "from_tier must be a tier where kind is"),
        (KindName.OPPORTUNITIES, "o,acme,upgrade,pro,pro,49,2026-10-01,,open", "to_tier must be another tier than"),
        (KindName.BROKER_CONTRACTS, "fxcm,2026-01-01,,1,0,true,pro,", "connections must be a whole number from 1"),
        (KindName.BROKER_CONTRACTS, "fxcm,2026-01-01,,1,1,yes,pro,", "redistribution_permitted must be true or false"),
        (KindName.BROKER_CONTRACTS, "fxcm,2026-01-01,,1,1,true,pro;gold,", "tiers must be of the tiers free, pro"),
        (KindName.BROKER_CONTRACTS, "fxcm,2026-01-01,,1,1,true,pro;pro,", "tiers must be words separated by ';', each"),
        (KindName.BROKER_CONTRACTS, "fxcm,2026-01-01,,1,1,true,pro,fxcm", "upstream must be another than the broker"),
        (KindName.MAINTENANCE, "m,2026-11-10T21:00Z,2026-11-10T20:00Z,2026-11-01T00:00Z,it", "ends_at must be after"),
        (
            KindName.MAINTENANCE, "m,2026-11-10T21:00Z,2026-11-10T22:00Z,2026-11-07T21:00:01Z,it",
            "announced_at must be at least 72 hours before starts_at (2026-11-10T21:00:00Z), was '2026-11-07T21:00:01Z",
        ),
        (KindName.CREDITS, "k,acme,2026-10-05,1,approved,it", "month must be a month such as 2026-10"),
        (KindName.CREDITS, "k,acme,2206-10,1,approved,it", "month must be of the years 2000 to 2099"),
        (KindName.CREDITS, "k,acme,2026-10,1,done,it", "state must be one of proposed, approved, invoiced, rejected"),
        (KindName.TICKETS, "synthetic-t1,acme,2026-10-02T00:00Z,,low,gaps", "source must be synthetic where ticket"),
        (KindName.TICKETS, "t1,synthetic-1,2026-10-02T00:00Z,,low,gaps", "source must be synthetic where tenant"),
    ],
)  # fmt: skip
def test_a_rule_between_columns_that_is_broken_is_told(kind: KindName, line: str, told: str) -> None:
    (found,) = problems(kind, f"{','.join(KINDS[kind].header())}\n{line}\n")
    assert found.startswith(f"f.csv:2: {told}")


def test_one_bad_cell_does_not_hide_what_else_is_wrong_with_the_row() -> None:
    found = problems(KindName.SUBSCRIPTIONS, HEADER + "acme,2026-10-01,2026-09-01,pro,much\n")
    assert [problem.split()[1] for problem in found] == ["price", "to_date"]


def test_a_template_is_a_file_without_rows() -> None:
    for kind in KINDS.values():
        assert template(kind, Format.CSV) == ",".join(kind.header()) + "\n"
        assert check(kind, read_csv(kind, template(kind, Format.CSV), "f.csv"), TIERS) == ()
        assert len(read_json(kind, template(kind, Format.JSON), "f.json").rows) == 1
        assert read_json(kind, template(kind, Format.JSON), "f.json").problems == ()


# -- what an import would change


def subscription(start: str, end: str | None = None, **changes: Any) -> Sound:
    row = {
        "tenant": "acme", "from_date": date.fromisoformat(start), "to_date": end and date.fromisoformat(end),
        "tier": "pro", "price_microusd": 49_000_000, "void": False, "source": "real",
    }  # fmt: skip
    return Sound(f"f.csv:{start}", row | changes)


def stored(*sound: Sound) -> dict[tuple[Any, ...], Row]:
    return {SUBSCRIPTIONS.key_of(each.row): each.row for each in sound}


def refused(sound: list[Sound], there: dict[tuple[Any, ...], Row]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as told:
        plan_import(SUBSCRIPTIONS, sound, there, Calendar())
    return told.value.problems


def test_a_tenant_cannot_have_two_subscriptions_at_once() -> None:
    there = stored(subscription("2026-01-01"))
    (told,) = refused([subscription("2026-10-01", tier="enterprise")], there)
    assert told == (
        "f.csv:2026-10-01: from_date of acme must not be before what it has since 2026-01-01 has ended, was "
        "'2026-10-01'; give that a to_date, in the same file"
    )
    both = [subscription("2026-01-01", "2026-10-01"), subscription("2026-10-01", tier="enterprise")]
    plan = plan_import(SUBSCRIPTIONS, both, there, Calendar())
    assert (len(plan.new), len(plan.corrected)) == (1, 1)
    # Far ahead of what goes on, too, and within the file.
    wide = [
        subscription("2026-01-01", "2026-12-01"),
        subscription("2026-02-01", "2026-03-01"),
        subscription("2026-04-01"),
    ]
    assert len(refused(wide, {})) == 2
    # One that is taken back is in nobody's way.
    assert plan_import(SUBSCRIPTIONS, [subscription("2026-01-01", void=True), both[1]], there, Calendar()).new == (
        both[1].row,
    )


def test_two_that_overlap_already_do_not_keep_others_out() -> None:
    there = stored(subscription("2026-01-01"), subscription("2026-02-01"), subscription("2026-01-01", tenant="globex"))
    change = subscription("2026-01-01", tenant="globex", price_microusd=1)
    assert len(plan_import(SUBSCRIPTIONS, [change], there, Calendar()).corrected) == 1


def test_what_is_real_is_never_synthetic_and_what_is_not_there_is_not_taken_back() -> None:
    there = stored(subscription("2026-01-01"), subscription("2026-02-01", tenant="gone", void=True))
    assert refused([subscription("2026-01-01", source="synthetic")], there) == (
        "f.csv:2026-01-01: source must be real, as the row is that is stored, was 'synthetic'; take that back first",
    )
    assert refused([subscription("2026-05-05", void=True)], there) == (
        "f.csv:2026-05-05: void must be false, for there is no such row to take back, was 'true'",
    )
    twice = subscription("2026-02-01", tenant="gone", void=True, price_microusd=1)
    assert plan_import(SUBSCRIPTIONS, [twice], there, Calendar()) == Plan(unchanged=1)  # whatever else it says
    again = plan_import(
        SUBSCRIPTIONS, [subscription("2026-02-01", tenant="gone", source="synthetic")], there, Calendar()
    )
    assert len(again.new) == 1


def maintenance(name: str, start: datetime, hours: float, **changes: Any) -> Sound:
    row = {
        "maintenance": name, "starts_at": start, "ends_at": start + timedelta(hours=hours),
        "announced_at": start - timedelta(days=4), "what": "it", "void": False, "source": "real",
    }  # fmt: skip
    return Sound(f"f.csv:{name}", row | changes)


def test_a_month_has_four_hours_of_maintenance_with_the_market_files() -> None:
    kind = KINDS[KindName.MAINTENANCE]
    tuesday, saturday = datetime(2026, 11, 10, 12, tzinfo=UTC), datetime(2026, 11, 14, 12, tzinfo=UTC)
    in_file = Maintenance(tuesday - timedelta(days=5), tuesday, tuesday + timedelta(hours=1), "in the file")
    calendar = Calendar(maintenance=(in_file,))
    there = {("m1",): maintenance("m1", tuesday + timedelta(hours=1), 2).row}

    def planned(*sound: Sound) -> int:
        return len(plan_import(kind, sound, there, calendar).rows)

    assert planned(maintenance("m2", tuesday + timedelta(days=1), 1)) == 1  # 1 + 2 + 1
    assert planned(maintenance("m2", saturday, 8)) == 1  # the market is closed
    assert planned(maintenance("m2", tuesday + timedelta(hours=1), 2)) == 1  # at the same time as another
    assert planned(maintenance("m1", tuesday + timedelta(hours=1), 3)) == 1  # instead of what is there
    assert planned(maintenance("m2", tuesday + timedelta(days=30), 4)) == 1  # another month
    assert planned(maintenance("m2", tuesday + timedelta(days=1), 3, source="synthetic")) == 1
    there["s1",] = maintenance("s1", tuesday + timedelta(days=3), 3, source="synthetic").row
    assert planned(maintenance("m2", tuesday + timedelta(days=1), 1)) == 1  # what was generated takes nothing of it
    with pytest.raises(ConfigError, match=r"was 5\.00 with all"):
        planned(maintenance("s2", tuesday + timedelta(days=1), 1, source="synthetic"))
    with pytest.raises(ConfigError) as told:
        planned(maintenance("m2", tuesday + timedelta(days=1), 1.5), maintenance("m3", tuesday + timedelta(days=2), 1))
    assert told.value.problems == tuple(
        f"f.csv:{name}: ends_at must leave 2026-11 with at most 4 hours of maintenance while the market is open, was "
        "5.50 with all that is announced"
        for name in ("m2", "m3")
    )
