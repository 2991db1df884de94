"""Run after run of the whole table, with bodies that bind the real ports and leave their servers.

The last run has to see the machine that the first one saw. `CI_FAULT_REPEAT` of 50 makes 50 runs.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import unittest

from lib.buckaroo import settings
from lib.processes import ports
from tests.support.commit_stage import HETZNER
from tests.support.fault_case import REPEAT, CommitCase

RUNS = max(6, REPEAT)


def own_ports() -> tuple[int, socket.socket]:
    """Return the first of ten ports for this process alone, and a socket that keeps others away.

    The suite may run beside itself, with another interpreter: each holds the last port of its ten.
    """
    for first in range(27_000, 30_000, 10):
        held = socket.socket()
        try:
            held.bind(("127.0.0.1", first + 9))
        except OSError:
            held.close()
            continue
        return first, held
    raise AssertionError("expected ten free ports from 27000 on, found none")


FIRST_PORT, HELD = own_ports()
SERVERS = 3
PORTS = {f"CI_{field.upper()}": FIRST_PORT + n for n, field in enumerate(settings.PORTS)}
GROWTH = 3000  # KiB that a runner may have more after all runs than after the third

# binds the ports that it is told, says so, and stays
SERVE = """
import pathlib, socket, sys, time
held = []
for port in sys.argv[2:]:
    held.append(socket.socket())
    held[-1].bind(("127.0.0.1", int(port)))
    held[-1].listen()
pathlib.Path(sys.argv[1]).touch()
time.sleep(1000)
"""
# the jobs whose bodies leave a server behind, each with the port that it needs again
LEAVE_SERVERS = {
    "playwright-storybook": "STORYBOOK",
    "playwright-server": "SERVER",
    "playwright-marimo": "MARIMO",
    "playwright-wasm-marimo": "WASM_MARIMO",
    "test-mcp-wheel": "MCP",
}
# leaves its server in a session of its own
BODY = r"""
up=$(mktemp); rm "$up"
setsid "$PYTHON" -S -E -c "$SERVE" "$up" "$PORT" &
until [[ -e $up ]]; do kill -0 $! || exit 1; sleep 0.01; done
rm "$up"
"""
WARMUP = r"""
mkdir -p "$CI_WORK_DIR"
echo venv >"$CI_WORK_DIR/jupyter-venv"
last=$((CI_PORT_JUPYTER + JUPYTER_PARALLEL - 1))
exec "$PYTHON" -S -E -c "$SERVE" "$CI_WORK_DIR/jupyter-servers" $(seq "$CI_PORT_JUPYTER" "$last")
"""
RUNNER = """
import json, os, pathlib, sys, threading, time
sys.path.insert(0, {hetzner!r})
import pipeline
with open(sys.argv[1], "a") as seen:
    for _ in range(int(sys.argv[2])):
        code = pipeline.main([])
        for _ in range(500):  # a joined thread is in the kernel's list for another moment
            if len(os.listdir("/proc/self/task")) == threading.active_count():
                break
            time.sleep(0.01)
        status = pathlib.Path("/proc/self/status").read_text().split()
        json.dump(dict(
            code=code,
            files=len(os.listdir("/proc/self/fd")),
            threads=len(os.listdir("/proc/self/task")),
            children=pathlib.Path(f"/proc/self/task/{{os.getpid()}}/children").read_text(),
            kib=int(status[status.index("VmRSS:") + 1]),
            tmp=sorted(os.listdir(os.environ["TMPDIR"])),
        ), seen)
        print(file=seen, flush=True)
"""


class BackToBack(CommitCase):
    repeats = 1

    def setUp(self) -> None:
        super().setUp()
        (self.root / "tmp").mkdir()
        self.stage.variables |= {
            **{name: str(port) for name, port in PORTS.items()},
            "JUPYTER_PARALLEL": str(SERVERS),
            "PYTHON": os.path.realpath(sys.executable),
            "SERVE": SERVE,
            "TMPDIR": str(self.root / "tmp"),
        }
        for job, field in LEAVE_SERVERS.items():
            name = job.replace("playwright", "pw").replace("-", "_")
            self.body(name, f"PORT=$CI_PORT_{field}\n{BODY}")
        self.body("jupyter_warmup", WARMUP)

    def bound(self) -> list[int]:
        last = max(PORTS.values()) + SERVERS
        return [port for port, _ in ports.listening() if FIRST_PORT <= port <= last]

    def test_last_run_sees_the_machine_that_the_first_one_saw(self) -> None:
        for _ in range(RUNS):
            ended = self.commit()
            leaks = [f"LEAK  {job} left 1" for job in LEAVE_SERVERS]
            self.check(ended, 0, None, *leaks, "END   exit code 0")
            self.assertEqual(self.bound(), [])
            self.assertEqual(list((self.root / "tmp").iterdir()), [])
            self.assertEqual(self.status(), "success")

    def test_one_runner_has_the_same_resources_after_the_last_run_as_after_the_first(self) -> None:
        seen = self.root / "seen"
        program = RUNNER.format(hetzner=str(HETZNER))
        ran = self.stage.run(str(seen), str(RUNS), program=program)
        self.assertEqual(ran.code, 0, ran.errors)
        turns = [json.loads(line) for line in seen.read_text().splitlines()]
        self.assertEqual(len(turns), RUNS)
        for turn in turns:
            self.assertEqual((turn["code"], turn["children"], turn["tmp"]), (0, "", []))
            self.assertEqual(turn["files"], turns[0]["files"])
            self.assertEqual(turn["threads"], turns[0]["threads"])
        self.assertLess(turns[-1]["kib"] - turns[2]["kib"], GROWTH)
        self.nothing_is_left()
        self.assertEqual(self.bound(), [])


if __name__ == "__main__":
    unittest.main()
