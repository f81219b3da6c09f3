"""Who can be relied on: quiet, mute, lost, told apart second by second."""

from analytics.sla.watch import MUTE_BROKER_S, MUTE_SYMBOL_S, Limits, Standing, Watch

BOTH = frozenset({"EURUSD", "NZDUSD"})
EURUSD = frozenset({"EURUSD"})
QUIET = frozenset[str]()


def watch() -> Watch:
    """Alpha and beta have ticked both symbols in second 0."""
    found = Watch(Limits())
    found.hear(0, {"alpha": BOTH, "beta": BOTH})
    return found


def test_a_quiet_symbol_on_a_live_session_is_eligible_until_its_quote_is_too_old() -> None:
    found = watch()
    for second in range(1, 602):
        found.hear(second, {"alpha": QUIET, "beta": QUIET})
    assert found.standing("alpha", "EURUSD", 600) is Standing.ELIGIBLE
    assert found.standing("alpha", "EURUSD", 601) is Standing.NO_QUOTE
    assert found.is_quiet("EURUSD", 601)


def test_a_session_is_lost_when_its_silence_is_longer_than_the_timeout() -> None:
    found = watch()
    assert found.standing("alpha", "EURUSD", 10) is Standing.ELIGIBLE
    assert found.standing("alpha", "EURUSD", 11) is Standing.SESSION_LOST
    found.hear(11, {"alpha": QUIET})
    assert found.standing("alpha", "EURUSD", 12) is Standing.ELIGIBLE


def test_a_symbol_is_mute_when_others_tick_it_for_long_enough() -> None:
    found = watch()
    for second in range(1, MUTE_SYMBOL_S + 1):
        assert found.standing("alpha", "EURUSD", second) is Standing.ELIGIBLE
        found.hear(second, {"alpha": frozenset({"NZDUSD"}), "beta": EURUSD})
    assert found.standing("alpha", "EURUSD", MUTE_SYMBOL_S + 1) is Standing.MUTE
    assert found.standing("alpha", "NZDUSD", MUTE_SYMBOL_S + 1) is Standing.ELIGIBLE
    found.hear(MUTE_SYMBOL_S + 1, {"alpha": EURUSD})
    assert found.standing("alpha", "EURUSD", MUTE_SYMBOL_S + 2) is Standing.ELIGIBLE


def test_a_connected_broker_that_ticks_nothing_at_all_is_mute_sooner() -> None:
    found = watch()
    for second in range(1, MUTE_BROKER_S + 1):
        assert found.standing("alpha", "NZDUSD", second) is Standing.ELIGIBLE
        found.hear(second, {"alpha": QUIET, "beta": EURUSD})
    assert found.standing("alpha", "NZDUSD", MUTE_BROKER_S + 1) is Standing.MUTE


def test_what_others_tick_in_a_pause_does_not_count() -> None:
    found = watch()
    for second in range(1, 30):
        found.hear(second, {"alpha": QUIET, "beta": BOTH})
    for second in range(30, 200):
        found.hear(second, {"alpha": QUIET, "beta": BOTH}, frozenset({"alpha"}))
    for second in range(200, 200 + MUTE_BROKER_S - 1):
        found.hear(second, {"alpha": QUIET, "beta": BOTH})
    assert found.standing("alpha", "EURUSD", 200 + MUTE_BROKER_S) is Standing.ELIGIBLE


def test_a_symbol_that_a_broker_never_had_is_not_expected_of_it() -> None:
    found = Watch(Limits())
    for second in range(2 * MUTE_SYMBOL_S):
        found.hear(second, {"alpha": EURUSD, "beta": BOTH})
    assert found.standing("alpha", "NZDUSD", 2 * MUTE_SYMBOL_S) is Standing.NO_QUOTE
    assert not found.is_quiet("NZDUSD", 2 * MUTE_SYMBOL_S)
    assert found.symbols_of(["alpha"]) == EURUSD


def test_what_was_quoted_before_is_known() -> None:
    found = Watch(Limits(), {("alpha", "EURUSD"): -100})
    found.hear(0, {"alpha": QUIET})
    assert found.standing("alpha", "EURUSD", 1) is Standing.ELIGIBLE
