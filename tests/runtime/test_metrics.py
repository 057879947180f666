"""Counters and gauges that Prometheus reads."""

import time

import pytest
import ray
import requests

from artsim import runtime


@pytest.mark.slow
def test_counters_are_exported_to_prometheus() -> None:
    ray.shutdown()
    ray.init(
        address="local",
        num_cpus=1,
        include_dashboard=False,
        log_to_driver=False,
        _system_config={"metrics_report_interval_ms": 500},
    )
    try:
        for amount in (3, 0, 4):
            runtime.count("images_tested", "of a test", amount, status="ok", host="museum.example")
        runtime.gauge("share_tested", "of a test", 0.25)
        (node,) = ray.nodes()
        metrics, deadline = "", time.monotonic() + 60
        while "ray_artsim_share_tested" not in metrics and time.monotonic() < deadline:
            time.sleep(0.5)
            metrics = requests.get(f"http://127.0.0.1:{node['MetricsExportPort']}/metrics", timeout=5).text
        lines = [line for line in metrics.splitlines() if line.startswith("ray_artsim_")]
        (images,) = (line for line in lines if line.startswith("ray_artsim_images_tested"))
        assert 'host="museum.example"' in images
        assert 'status="ok"' in images
        assert images.endswith(" 7.0")
        assert [line.split()[-1] for line in lines if line.startswith("ray_artsim_share_tested")] == ["0.25"]
    finally:
        ray.shutdown()
