import pytest
from prometheus_client import generate_latest

from infra import metrics
from infra.metrics import CATALOGUE, REGISTRY, Kind, Metric


def exported(metric: Metric) -> str:
    """The name as Prometheus' own registry holds it."""
    return metric.value.removesuffix("_total") if CATALOGUE[metric].kind is Kind.COUNTER else metric.value


def a_series_of(metric: Metric) -> None:
    labels = dict.fromkeys(CATALOGUE[metric].labels, "x")
    {Kind.COUNTER: metrics.count, Kind.GAUGE: metrics.put, Kind.HISTOGRAM: metrics.observe}[CATALOGUE[metric].kind](
        metric, 1.0, **labels
    )


def test_the_dictionary_has_every_word_of_the_vocabulary_and_no_other() -> None:
    assert set(CATALOGUE) == set(Metric)


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_is_exported_with_its_type_and_labels(metric: Metric) -> None:
    a_series_of(metric)
    family = next(family for family in REGISTRY.collect() if family.name == exported(metric))
    assert family.type == CATALOGUE[metric].kind.value
    assert family.documentation == CATALOGUE[metric].help
    bookkeeping = {"le"}  # the bound of a histogram's bucket
    assert all(set(sample.labels) - bookkeeping == set(CATALOGUE[metric].labels) for sample in family.samples)


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_keeps_to_prometheus_naming(metric: Metric) -> None:
    entry = CATALOGUE[metric]
    assert metric.value.startswith("tierfeed_")
    assert metric.value.endswith("_total") == (entry.kind is Kind.COUNTER)
    assert entry.help.endswith(".")
    if entry.kind is not Kind.COUNTER:
        assert metric.value.endswith(("_seconds", "_records"))
    assert bool(entry.buckets) == (entry.kind is Kind.HISTOGRAM)


def test_a_count_adds_up_by_label() -> None:
    def dropped(reason: str) -> float | None:
        return REGISTRY.get_sample_value(Metric.TICKS_DROPPED.value, {"broker": "fxcm", "reason": reason})

    metrics.count(Metric.TICKS_DROPPED, 3, broker="fxcm", reason="unchanged")
    metrics.count(Metric.TICKS_DROPPED, 4, broker="fxcm", reason="unchanged")
    metrics.count(Metric.TICKS_DROPPED, 1, broker="fxcm", reason="late")
    assert (dropped("unchanged"), dropped("late"), dropped("never")) == (7, 1, None)


def test_a_label_that_was_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="label"):
        metrics.count(Metric.TIER_RECORDS, 1, tenant="acme")


def test_a_gauge_cannot_be_counted() -> None:
    with pytest.raises(KeyError):
        metrics.count(Metric.ENGINE_LAG, 1, partition=0)


def test_a_series_of_a_lost_partition_can_be_forgotten() -> None:
    metrics.put(Metric.ALIGN_HELD, 5, partition=77)
    metrics.forget(Metric.ALIGN_HELD, partition=77)
    assert REGISTRY.get_sample_value(Metric.ALIGN_HELD.value, {"partition": "77"}) is None


def test_the_process_itself_is_measured() -> None:
    assert b"process_resident_memory_bytes" in generate_latest(REGISTRY)
