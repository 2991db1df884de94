"""The figures on /metrics are read by Prometheus' own parser.

It needs prometheus_client, which check.py installs.
"""

from __future__ import annotations

import unittest

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from lib.commit_queue.states import State
from lib.dashboard import metrics
from tests.unit.dashboard.test_figures import HOSTILE, WithBox


class Format(WithBox):
    def families(self) -> dict[str, Metric]:
        """Return the metrics by name; each may be there once."""
        found = [*text_string_to_metric_families(self.text("/metrics"))]
        self.assertEqual(len(found), len({metric.name for metric in found}))
        return {metric.name: metric for metric in found}

    def test_parser_reads_all_figures_of_a_box(self) -> None:
        self.box.ran(1, "main", State.PASSED)
        self.box.push(2)
        found = self.families()
        self.assertEqual(
            {name: metric.type for name, metric in found.items()},
            {
                **dict.fromkeys(
                    (
                        *("ci_build_info", "ci_healthy", "ci_worker_alive", "ci_streams"),
                        *("ci_disk_watermark_bytes", "ci_disk_free_bytes", "ci_queue_entries"),
                        *("ci_last_success_timestamp_seconds", "ci_queue_mode"),
                    ),
                    "gauge",
                ),
                "ci_run_seconds": "summary",
            },
        )
        self.assertTrue(all(metric.documentation for metric in found.values()))
        counts = {one.labels["state"]: one.value for one in found["ci_queue_entries"].samples}
        self.assertEqual(counts, {**dict.fromkeys(State, 0.0), "passed": 1.0, "waiting": 1.0})
        names = [one.name for one in found["ci_run_seconds"].samples]
        self.assertEqual(names, ["ci_run_seconds_count", "ci_run_seconds_sum"])

    def test_parser_reads_what_an_empty_box_tells(self) -> None:
        self.assertNotIn("ci_last_success_timestamp_seconds", self.families())

    def test_label_comes_back_as_it_was(self) -> None:
        text = metrics.shown([metrics.Figure("a", "gauge", "b", [("", {"c": HOSTILE}, 0.1 + 0.2)])])
        [metric] = text_string_to_metric_families(text)
        [sample] = metric.samples
        self.assertEqual((sample.labels, sample.value), ({"c": HOSTILE}, 0.1 + 0.2))


if __name__ == "__main__":
    unittest.main()
