"""The answer on `/metrics`: figures in the text format of Prometheus, version 0.0.4.

prometheus.io/docs/instrumenting/exposition_formats has the format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lib.commit_queue.facts import MODES
from lib.commit_queue.queue_reader import QueueReader
from lib.configuration.service_settings import ServiceSettings
from lib.dashboard import answers, box_health
from lib.dashboard.answers import Answer
from lib.dashboard.streams import Streams

KIND = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Figure(NamedTuple):
    """A metric: its samples are a suffix of the name, labels and a value each."""

    name: str
    kind: str  # gauge or summary
    text: str
    samples: Sequence[tuple[str, Labels, float]]


def answer(settings: ServiceSettings, queue: QueueReader, streams: Streams) -> Answer:
    """Return the figures; those of a queue that cannot be read are left out."""
    return answers.whole(shown(figures(settings, queue, streams.open)), KIND)


def figures(settings: ServiceSettings, queue: QueueReader, streams: int) -> list[Figure]:
    """Return all figures."""
    health = box_health.look(settings, queue)
    found = [
        _one("ci_build_info", "The version of the runner.", 1, version=health.version),
        _one("ci_healthy", "Whether a push would become a run.", health.well),
        _one("ci_worker_alive", "Whether a worker lives.", health.worker),
        _one("ci_streams", "Live views that are open.", streams),
        _one("ci_disk_watermark_bytes", "Free bytes that a run needs.", health.watermark),
    ]
    if health.free is not None:
        found.append(_one("ci_disk_free_bytes", "Free bytes of the disk.", health.free))
    if health.last_success is not None:
        text = "The end of the last entry that passed, in seconds since the epoch."
        found.append(_one("ci_last_success_timestamp_seconds", text, health.last_success))
    if health.unreadable:
        return found
    try:
        counts, seconds = queue.counts(), queue.run_seconds()
    except OSError:
        return found
    by_state = [("", {"state": state.value}, float(count)) for state, count in counts.items()]
    found.append(
        Figure("ci_queue_entries", "gauge", "Entries of the queue that are kept.", by_state)
    )
    took: list[tuple[str, Labels, float]] = []
    for state, (count, total) in seconds.items():
        took += [("_count", {"state": state.value}, count), ("_sum", {"state": state.value}, total)]
    found.append(Figure("ci_run_seconds", "summary", "Seconds that the kept entries ran.", took))
    modes = [("", {"mode": mode}, float(mode == health.mode)) for mode in MODES]
    found.append(Figure("ci_queue_mode", "gauge", "Whether the queue is in this mode.", modes))
    return found


def shown(found: Sequence[Figure]) -> str:
    """Return figures in the format."""
    lines = []
    for figure in found:
        lines += [f"# HELP {figure.name} {figure.text}", f"# TYPE {figure.name} {figure.kind}"]
        lines += [
            f"{figure.name}{suffix}{_labels(labels)} {value:.17g}"
            for suffix, labels, value in figure.samples
        ]
    return "".join(f"{line}\n" for line in lines)


def _one(name: str, text: str, value: float, **labels: str) -> Figure:
    return Figure(name, "gauge", text, [("", labels, float(value))])


def _labels(labels: Labels) -> str:
    pairs = [f'{name}="{value.translate(ESCAPES)}"' for name, value in labels.items()]
    return f"{{{','.join(pairs)}}}" if pairs else ""
