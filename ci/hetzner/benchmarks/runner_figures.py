"""Measures this runner alone: idling, long runs, start-up, listeners."""

from __future__ import annotations

import json
import statistics
import subprocess
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.measuring import measure, measure_between

IDLE = (0.8, 5.0)  # seconds after the start: the job runs, and the runner has nothing to do


def idle(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> dict[str, float]:
    """Return the cost of waiting in 5 seconds, and the number of wake-ups."""
    before, after = measure_between(argv, cwd, env, *IDLE)
    scale = 5 / (IDLE[1] - IDLE[0])
    return {
        "idle: CPU in 5 s": (after.cpu - before.cpu) * 1000 * scale,
        "idle: wake-ups": float(after.woken - before.woken),
    }


def long(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> dict[str, float]:
    """Run ten thousand jobs; return how descriptors, memory and speed developed."""
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return development(json.loads(done.stdout.splitlines()[-1]))


def development(samples: Sequence[tuple[float, int, int]]) -> dict[str, float]:
    """Return the figures of a long run from (seconds, bytes, descriptors) at equal distances.

    Memory counts from the second sample on: the first jobs fill caches.
    """
    jobs = 1000 * (len(samples) - 2)
    times = [moment for moment, _, _ in samples]
    return {
        "long: descriptors gained": float(samples[-1][2] - samples[1][2]),
        "long: memory a job": (samples[-1][1] - samples[1][1]) / jobs,
        "long: last thousand to first": (times[-1] - times[-2]) / (times[1] - times[0]),
    }


def start_up(python: str, runner: Path, env: Mapping[str, str], rounds: int) -> dict[str, float]:
    """Return the milliseconds of `pipeline.py --list`, and those that `import dsl` adds."""
    listing = [python, str(runner / "pipeline.py"), "--list"]
    bare, whole = [python, "-c", "pass"], [python, "-c", "import dsl"]
    listed, added = [], []
    for _ in range(rounds):
        listed.append(measure(listing, runner, env).wall)
        added.append(measure(whole, runner, env).wall - measure(bare, runner, env).wall)
    return {
        "start-up: pipeline.py --list": statistics.median(listed) * 1000,
        "start-up: import dsl": statistics.median(added) * 1000,
    }


class StatusServer:
    """Takes commit statuses on this machine, as GitHub would."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Take it."""
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(201)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def settings(self, state: Path) -> dict[str, str]:
        """Return the variables that have a run post here."""
        port = self._server.server_address[1]
        return {
            "GITHUB_API_URL": f"http://127.0.0.1:{port}",
            "GITHUB_REPO": "bench/mark",
            "GITHUB_TOKEN": "benchmark-token",
            "CI_STATE_DIR": str(state),
            "HOME": str(state),
        }

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
