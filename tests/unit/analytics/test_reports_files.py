"""What is written of a page: CSV, exactly, and the parts of the HTML file that no browser is needed for."""

import hashlib
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from analytics.figures import Measured
from analytics.reports import html as html_module
from analytics.reports.drawing import drawn, months, shades
from analytics.reports.html import ASSETS, ECHARTS, html
from analytics.reports.page import Calendar, Column, Page, Section, Table, Trend, Unit
from analytics.reports.table_files import table_files
from tests.page_builders import HOSTILE, NOW, QUOTED, whole_page

ROOT = Path(__file__).parents[3]
PINNED = {
    ECHARTS: "61f13280aba3161f77fc801bf5f9c786f55f10432153a0683fc5cc0700b013d5",
    "echarts.LICENSE": "634293835b43a6dd2094fa39182a3d9a6b9ca43b7fdb9ac354e8037af2a3093a",
    "echarts.NOTICE": "d491d358344f842685c1b1585970999db65fe30ecf7ef3867af8814f4016c016",
}


def page(*tables: Table, **more: object) -> Page:
    return Page("p", "P", "2026-10", NOW, (), sections=(Section("S", tables=tables),), **more)  # type: ignore[arg-type]


def test_a_table_becomes_a_csv_file_of_exact_values() -> None:
    columns = (
        Column("Tenant, id"),
        Column("Revenue", Unit.USD),
        Column("Share", Unit.PERCENT),
        Column("Day", Unit.DATE),
    )
    rows = (
        ('say "hi"', Decimal("0.000001"), 0.1, date(2026, 10, 1)),
        ("two\nlines", None, float("nan"), datetime(2026, 10, 1, 6, tzinfo=UTC)),
        (True, -5, Decimal("1E+3"), None),
    )
    assert table_files(page(Table("../By Tenant", "x", columns, rows))) == {
        "by-tenant.csv": (
            '"Tenant, id",Revenue,Share,Day\n'
            '"say ""hi""",0.000001,0.1,2026-10-01\n'
            '"two\nlines",,,2026-10-01T06:00:00+00:00\n'
            "true,-5,1000,\n"
        )
    }


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "-x", "\tx"])
def test_a_spreadsheet_does_not_reckon_with_a_name(text: str) -> None:
    (written,) = table_files(page(Table("t", "x", (Column("c"),), ((text,),)))).values()
    field = written.removeprefix("c\n").strip("\n").strip('"')
    assert field == (text if text == "-2+3" else f"'{text}")


def test_figures_have_a_file_of_their_own() -> None:
    made = Measured(
        subject="acme",
        start=datetime(2026, 10, 1, tzinfo=UTC),
        end=datetime(2026, 11, 1, tzinfo=UTC),
        formula_version="f/1",
        computed_at=NOW,
    ).figure("x_usd", Decimal("1.50"), "usd", "a, b", n=3)
    found = table_files(Page("p", "P", "2026-10", NOW, (made,)))
    assert found == {
        "figures.csv": (
            "metric,subject,start,end,value,unit,formula,formula_version,computed_at,n,status,reason\n"
            'x_usd,acme,2026-10-01T00:00:00+00:00,2026-11-01T00:00:00+00:00,1.50,usd,"a, b",f/1,'
            "2026-11-04T06:30:00+00:00,3,ok,\n"
        )
    }


def test_two_tables_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two tables of the name by-day"):
        page(Table("By day", "x", (), ()), Table("by_day", "y", (), ()))


@pytest.mark.parametrize("name", PINNED)
def test_what_is_vendored_is_what_was_published(name: str) -> None:
    assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == PINNED[name]
    assert f"analytics/reports/assets/{ECHARTS}" in (ROOT / "NOTICE").read_text()


def test_names_are_text_in_the_page_and_in_its_data() -> None:
    written = html(whole_page())
    own = "".join(html_module._asset(name) for name in (ECHARTS, "page.js"))
    assert written.count("<script") - own.count("<script") == 3
    assert HOSTILE not in written
    assert QUOTED not in written
    (data,) = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', written, re.DOTALL)
    assert "<" not in data
    charts = json.loads(data)
    assert {chart["kind"] for chart in charts} == {"trend", "waterfall", "bars", "scatter"}
    assert any(line["name"] == HOSTILE for chart in charts for line in chart.get("lines", ()))


def test_the_file_fetches_nothing_and_a_page_without_charts_carries_no_library() -> None:
    written = html(whole_page())
    assert "default-src 'none'" in unescape(written)
    assert not re.search(r'(?:src|href)="(?!#|data:,)', written.replace(html_module._asset(ECHARTS), ""))
    assert len(html(page())) < 40_000 < len(html_module._asset(ECHARTS))


def test_a_hole_is_a_hole_and_never_0() -> None:
    found = drawn(Trend("t", "T", ("a", "b", "c"), {"x": (Decimal("1.5"), None, float("nan"))}, Unit.USD))
    assert found is not None
    assert found["lines"] == [{"name": "x", "values": [1.5, None, None]}]


def test_a_calendar_is_a_wall_calendar_with_the_worst_and_the_best_told_apart() -> None:
    days = {
        date(2026, 10, 1): 100.0,
        date(2026, 10, 2): 99.99,
        date(2026, 10, 5): 95.0,
        date(2026, 10, 6): None,
        date(2026, 11, 1): 96.0,
    }
    chart = Calendar("c", "C", days, 95.0)
    october, november = months(chart)
    assert [(day.day.day, day.shade) for day in october.days] == [(1, 5), (2, 4), (5, 0), (6, None)]
    thursday, friday, monday, _ = october.days
    assert thursday.y == friday.y
    assert monday.x == 0
    assert monday.y > friday.y
    assert october.days[3].text == "Tuesday, 2026-10-06: no data"
    assert november.title == "November 2026"
    assert shades(chart)[0] == (0, "95.00\N{NO-BREAK SPACE}% or less")
