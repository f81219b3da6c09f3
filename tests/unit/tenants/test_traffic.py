"""From rates of bytes to bytes by minute."""

import pytest

from tenants.meter.exporter import sample
from tenants.meter.traffic import Log, Minute, Minutes, Sample

START = 1_800_000_000  # a whole minute
LOGS = {("tier.pro", 0): Log(1000, 10)}


def at(second: float, **rates: float) -> tuple[float, Sample]:
    return START + second, Sample(rates, LOGS)


def silence(second: float) -> tuple[float, None]:
    return START + second, None


def told(*samples: tuple[float, Sample | None]) -> list[Minute]:
    minutes = Minutes()
    return [minute for when, each in samples for minute in minutes.hear(when, each)]


def test_rates_times_the_time_between_are_the_bytes_of_a_minute() -> None:
    samples = [at(second, acme=100.0, globex=1.5) for second in range(0, 61, 5)]
    assert told(*samples) == [Minute(START, 60.0, {"acme": 6000, "globex": 90}, LOGS)]


def test_what_lies_across_the_end_of_a_minute_is_shared() -> None:
    samples = [at(second, acme=100.0) for second in (0, 10, 20, 30, 40, 50, 58, 68, 78, 88, 98, 108, 118, 121)]
    assert [(each.start - START, each.covered_s, each.bytes["acme"]) for each in told(*samples)] == [
        (0, 60.0, 6000), (60, 60.0, 6000),
    ]  # fmt: skip


def test_a_hole_is_not_guessed() -> None:
    samples = [at(second, acme=100.0) for second in (0, 10, 20, 45, 55, 65)]
    (minute,) = told(*samples)
    assert (minute.covered_s, minute.bytes) == (35.0, {"acme": 3500})


def test_one_answer_that_is_missing_is_made_good_by_the_next() -> None:
    samples = [at(0), at(50, acme=100.0), at(58, acme=100.0), silence(63), at(68, acme=100.0), silence(110), at(121)]
    first, second = told(*samples)
    assert (first.covered_s, first.bytes) == (10.0, {"acme": 1000})
    assert (second.covered_s, second.bytes) == (8.0, {"acme": 800})


def test_minutes_without_an_answer_are_told_as_asked_and_not_known() -> None:
    samples = [at(0, acme=1.0), at(10, acme=1.0), *(silence(second) for second in range(15, 185, 5)), at(190)]
    assert [(each.start - START, each.covered_s, each.logs) for each in told(*samples)] == [
        (0, 10.0, LOGS), (60, 0.0, {}), (120, 0.0, {}),
    ]  # fmt: skip


def test_an_answer_that_takes_minutes_leaves_none_out() -> None:
    samples = [at(0, acme=1.0), at(10, acme=1.0), at(190, acme=1.0), at(200, acme=1.0), at(242)]
    assert [(each.start - START, each.covered_s) for each in told(*samples)] == [
        (0, 10.0), (60, 0.0), (120, 0.0), (180, 10.0),
    ]  # fmt: skip


def test_a_node_that_never_answers_was_asked() -> None:
    assert told(*(silence(second) for second in range(0, 61, 5))) == [Minute(START, 0.0, {}, {})]


def test_who_starts_in_mid_minute_knows_the_rest_of_it() -> None:
    samples = [at(second, acme=100.0) for second in (*range(32, 60, 5), 61)]
    (minute,) = told(*samples)
    assert (minute.start, minute.covered_s, minute.bytes) == (START, 28.0, {"acme": 2800})


def test_a_clock_that_is_set_begins_anew() -> None:
    samples = [at(0), at(10, acme=100.0), at(5, acme=100.0), at(15, acme=100.0), at(10**9, acme=1.0), at(10**9 + 9)]
    assert told(*samples) == []
    back = [at(130), at(140, acme=100.0), at(20, acme=100.0), at(30, acme=100.0), at(50), at(61)]
    assert [(each.start - START, each.covered_s, each.bytes) for each in told(*back)] == [(0, 40.0, {"acme": 1000})]


def test_a_user_that_comes_and_goes_counts_while_it_is_there() -> None:
    samples = [at(0), at(10, acme=50.0), at(20, acme=50.0), *(at(second) for second in range(30, 61, 10))]
    (minute,) = told(*samples)
    assert (minute.covered_s, minute.bytes) == (60.0, {"acme": 1000})


def test_what_an_exporter_says_is_read() -> None:
    text = """# HELP kafka_server_fetch_byte_rate x
# TYPE kafka_server_fetch_byte_rate gauge
kafka_server_fetch_byte_rate{user="acme"} 6298.25
kafka_server_fetch_byte_rate{user="\\"a%40b.c\\""} 1.0
kafka_server_fetch_byte_rate{user="nobody"} NaN
# TYPE kafka_log_log_size gauge
kafka_log_log_size{partition="3",topic="tier.pro"} 1000.0
kafka_log_log_size{partition="4",topic="tier.pro"} 7.0
# TYPE kafka_log_log_logstartoffset gauge
kafka_log_log_logstartoffset{partition="3",topic="tier.pro"} 5.0
# TYPE kafka_log_log_logendoffset gauge
kafka_log_log_logendoffset{partition="3",topic="tier.pro"} 15.0
"""
    assert sample(text) == Sample({"acme": 6298.25, "a@b.c": 1.0}, {("tier.pro", 3): Log(1000, 10)})


@pytest.mark.parametrize(
    "text",
    [
        "<html>\n",
        "kafka_server_fetch_byte_rate 1.0\n",
        'kafka_log_log_size{topic="tier.pro"} 1.0\n',
        'kafka_log_log_size{partition="0",topic="tier.pro"} +Inf\n',
        'kafka_log_log_size{partition="0",topic="tier.pro"} NaN\n',
    ],
)
def test_what_is_no_exporters_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        sample(text)


def test_a_rate_that_is_no_number_is_none() -> None:
    assert sample('kafka_server_fetch_byte_rate{user="acme"} +Inf\n') == Sample({}, {})
