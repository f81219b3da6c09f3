import urllib.request

from infra import metrics
from infra.metrics import Metric


def test_the_endpoint_serves_what_was_counted_on_loopback() -> None:
    metrics.count(Metric.SESSION_HEARTBEATS, 7, broker="endpoint")
    port = metrics.serve(0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    assert 'tierfeed_session_heartbeats_total{broker="endpoint"} 7.0' in lines
