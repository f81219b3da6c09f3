import pytest

from tierfeed.cli.resetting import Move, Role, Standing, meaning, plan_reset, role_of
from tierfeed.errors import ConfigError

TIER = ("tier.pro", 0)


def standing(at: int = 0, **given: int) -> Standing:
    """A partition with the offsets 10 to 99, read up to 50."""
    fields = {"committed": 50, "first": 10, "end": 100} | given
    return Standing(("tier.pro", at), resumes=fields.pop("resumes", fields["committed"]), **fields)


def told(to: str, role: Role, **given: int) -> str:
    return " ".join(meaning(role, plan_reset(to, role, [standing(**given)])))


@pytest.mark.parametrize(
    ("to", "offset"), [("beginning", 10), ("latest", 100), ("0", 10), ("30", 30), ("70", 70), ("999", 100)]
)
def test_a_target_stays_within_what_the_partition_has(to: str, offset: int) -> None:
    assert plan_reset(to, Role.OTHER, [standing()]) == [Move(standing(), offset)]


@pytest.mark.parametrize("to", ["end", "-1", "1.5", "", "²", "beginning "])
def test_a_target_that_is_none_is_told(to: str) -> None:
    with pytest.raises(ConfigError, match="--to must be beginning, latest or an offset, was"):
        plan_reset(to, Role.OTHER, [standing()])


@pytest.mark.parametrize("to", ["latest", "51", "999"])
def test_the_latest_agent_cannot_be_made_to_skip_records(to: str) -> None:
    with pytest.raises(ConfigError, match=rf"--to {to} would skip \d+ records \(tier.pro/0 from 50 to ") as refused:
        plan_reset(to, Role.LATEST, [standing()])
    assert "can only be set back" in str(refused.value)


@pytest.mark.parametrize("to", ["beginning", "0", "49", "50"])
def test_the_latest_agent_can_be_set_back(to: str) -> None:
    (move,) = plan_reset(to, Role.LATEST, [standing()])
    assert move.to <= 50


def test_what_the_latest_agent_had_not_sent_when_it_committed_cannot_be_skipped_either() -> None:
    (move,) = plan_reset("40", Role.LATEST, [standing(resumes=40)])
    assert move.to == 40
    with pytest.raises(ConfigError, match="would skip 10 records"):
        plan_reset("50", Role.LATEST, [standing(resumes=40)])


def test_one_partition_that_would_skip_is_enough_to_refuse_all() -> None:
    with pytest.raises(ConfigError, match=r"would skip 40 records \(tier.pro/1 from 20 to 60\)"):
        plan_reset("60", Role.LATEST, [standing(0, committed=80), standing(1, committed=20)])


def test_a_refusal_names_some_partitions_and_counts_the_others() -> None:
    with pytest.raises(ConfigError, match=r"tier.pro/2 from 50 to 100 and 3 more\)"):
        plan_reset("latest", Role.LATEST, [standing(at) for at in range(6)])


def test_what_the_topic_no_longer_has_cannot_be_read_and_is_not_skipped() -> None:
    (move,) = plan_reset("beginning", Role.LATEST, [standing(committed=3)])
    assert (move.to, move.unread, move.unprocessed) == (10, 0, 0)


def test_ticks_that_will_reach_no_tier_are_counted() -> None:
    assert told("latest", Role.TIERS).startswith("50 records are SKIPPED for good: their ticks reach no tier")
    assert "SKIPPED" not in told("50", Role.TIERS)


def test_going_back_to_the_beginning_forgets_nothing_of_what_is_there() -> None:
    assert told("beginning", Role.TIERS) == "40 records are read again; what was published is not published again"
    assert "quotes from before" not in told("20", Role.TIERS, resumes=30)


def test_without_its_rewind_a_worker_of_the_tiers_does_not_know_older_quotes() -> None:
    means = told("50", Role.TIERS, resumes=30)
    assert means.startswith("quotes from before the new offsets are forgotten")


def test_the_latest_agent_on_its_way_back_shows_older_values() -> None:
    assert told("20", Role.LATEST).startswith("30 tier records are read again.")
    assert told("50", Role.LATEST) == ""


def test_the_sink_is_not_moved_by_a_reset() -> None:
    assert told("latest", Role.SINK) == "nothing changes: the sink goes on where ClickHouse says"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("app-tiers", Role.TIERS),
        ("app-latest", Role.LATEST),
        ("sink", Role.SINK),
        ("other-tiers", Role.TIERS),
        ("other-latest", Role.LATEST),
        ("desk-latest", Role.OTHER),
        ("latest", Role.OTHER),
        ("app", Role.OTHER),
    ],
)
def test_a_deployments_groups_are_known_also_with_another_deployments_settings(name: str, role: Role) -> None:
    assert role_of(name, ["app-tiers", "other-tiers", "other-latest", "desk-latest"], "app", "sink") is role
