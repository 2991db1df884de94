"""A service with ports is ready when it alone listens on each."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from dsl import Job, Outcome, Pipeline
from lib.model import events, graph
from lib.model.result import Result
from lib.processes import port_monitor, ports
from tests.support.waiting import wait_for

SERVER = """
import os, socket, sys, time
words = sys.argv[1:]
while "second" in words and not os.path.exists("held"):
    time.sleep(0.01)
if "fork" in words:
    if os.fork(): sys.exit()
    os.setsid()
    if os.fork(): os._exit(0)
family = socket.AF_INET6 if "::1" in words or "::" in words else socket.AF_INET
address = next((word for word in words if word[0] in "0:"), "127.0.0.1")
held = []
for port in [int(word) for word in words if word.isdigit() and word != "0"]:
    server = socket.socket(family)
    held.append(server)
    if "reuse" in words:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        server.bind((address, port))
        server.listen()
    except OSError as error:
        print(error, flush=True)  # and goes on, as some do
        if "strict" in words:
            sys.exit(98)
print("up", flush=True)
if "touch" in words:
    open("up", "w").close()
time.sleep(600)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def service(*listens: int, **fields: Any) -> dict[str, Any]:
    return {"service": True, "listens": listens, **fields}


class Looked(unittest.TestCase):
    """Real servers, and real strangers."""

    def setUp(self) -> None:
        self._scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self._scratch.cleanup)
        self.place = Path(self._scratch.name)
        (self.place / "server.py").write_text(SERVER)
        self.said = io.StringIO()

    def server(self, *words: object) -> list[str]:
        return [sys.executable, "server.py", *map(str, words)]

    def run_jobs(
        self, *declared: Job, listen: Callable[[events.Event], None] = lambda _: None
    ) -> dict[str, Result]:
        place = self.place
        logs = tempfile.mkdtemp(dir=place)
        pipeline = Pipeline(
            declared, "s", "m", logs, 120, place, console=self.said, listeners=[listen]
        )
        pipeline.run()
        return pipeline.results

    def passes(self, cmd: str | list[str], *listens: int, **fields: Any) -> None:
        web = Job("web", cmd, service=True, listens=listens, timeout=60, **fields)
        suite = Job("suite", "true", ["web"])
        results = self.run_jobs(web, suite)
        self.assertEqual(
            [result.outcome for result in results.values()],
            [Outcome.PASSED] * 2,
            self.said.getvalue(),
        )

    def fails(self, *declared: Job, listen: Callable[[events.Event], None] = lambda _: None) -> str:
        """Run jobs of which `web` fails since a port is held; return why."""
        results = self.run_jobs(*declared, listen=listen)
        self.assertEqual(results["web"].outcome, Outcome.FAILED, self.said.getvalue())
        self.assertFalse((self.place / "tested").exists(), "a suite has run against a stranger")
        return results["web"].reason

    def stranger(self, port: int = 0, *, reuse: bool = False) -> int:
        """Listen on a port until the test ends."""
        server = socket.socket()
        self.addCleanup(server.close)
        if reuse:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        return int(server.getsockname()[1])

    def stranger_at_start(
        self, port: int, *, reuse: bool = False
    ) -> Callable[[events.Event], None]:
        """Return a listener that takes a port when a job starts, and then makes the file `held`.

        A server that is to come second waits for that.
        """

        def listen(event: events.Event) -> None:
            if isinstance(event, events.Started):
                self.stranger(port, reuse=reuse)
                (self.place / "held").touch()

        return listen

    def web(self, port: int, *words: object, **fields: Any) -> Job:
        return Job("web", self.server(port, *words), service=True, listens=(port,), **fields)

    def test_several_ports_of_one_process(self) -> None:
        one, two = free_port(), free_port()
        self.passes(self.server(one, two), one, two)

    def test_a_child_of_the_body(self) -> None:
        port = free_port()
        self.passes(f"{sys.executable} server.py {port} & wait", port)

    def test_a_daemon_in_a_session_of_its_own_whose_body_has_ended(self) -> None:
        port = free_port()
        self.passes(self.server(port, "fork"), port)

    def test_any_address(self) -> None:
        for address in ("0.0.0.0", "::1", "::") if socket.has_ipv6 else ("0.0.0.0",):
            port = free_port()
            self.passes(self.server(port, address), port)

    def test_an_output_as_well(self) -> None:
        port = free_port()
        self.passes(self.server(port, "touch"), port, outputs={"up": "up"})

    def test_a_port_that_is_held_before_is_not_ours(self) -> None:
        port = self.stranger()
        why = self.fails(self.web(port), Job("suite", "touch tested", ["web"]))
        self.assertRegex(why, rf"port {port} is held by pid {os.getpid()}: .*python")
        self.assertRegex(why, "address 127.0.0.1")

    def test_a_port_that_is_taken_while_it_starts_is_not_ours(self) -> None:
        port = free_port()
        web = self.web(port, "second", "touch", outputs={"up": "up"}, timeout=60)
        suite = Job("suite", "touch tested", ["web"])
        why = self.fails(web, suite, listen=self.stranger_at_start(port))
        self.assertIn(f"port {port} is held by pid {os.getpid()}", why)

    def test_a_server_that_ends_since_it_finds_a_stranger_names_him(self) -> None:
        for words in (("strict",), ("strict", "fork")):
            port = free_port()
            web = self.web(port, "second", *words, timeout=60)
            why = self.fails(web, listen=self.stranger_at_start(port))
            self.assertIn(f"port {port} is held by pid {os.getpid()}", why)
            (self.place / "held").unlink()

    def test_a_port_that_is_shared_with_a_stranger_is_not_ours(self) -> None:
        port = free_port()
        web = self.web(port, "second", "reuse", timeout=60)
        suite = Job("suite", "touch tested", ["web"])
        why = self.fails(web, suite, listen=self.stranger_at_start(port, reuse=True))
        self.assertIn(f"pid {os.getpid()}", why)

    def test_a_port_of_another_job_of_the_run_is_not_ours(self) -> None:
        port = free_port()
        first = Job("first", self.server(port), service=True, listens=(port,), timeout=60)
        why = self.fails(first, self.web(port, depends_on=["first"]))
        self.assertRegex(
            why, rf"port {port} is held by pid \d+: .*server.py .*, of job first of run"
        )

    def test_a_port_of_another_run_is_not_ours(self) -> None:
        port = free_port()
        other = self.place / "other"
        program = (
            f"import sys; sys.path.insert(0, {str(Path(graph.__file__).parents[2])!r})\n"
            "from dsl import Job, Pipeline\n"
            f"server = [sys.executable, 'server.py', '{port}']\n"
            f"web = Job('theirs', server, service=True, listens=({port},))\n"
            f"use = Job('use', 'touch ready; exec sleep 600', ['theirs'], timeout=600)\n"
            f"place = {{'log_dir': {str(other)!r}, 'cwd': {str(self.place)!r}}}\n"
            f"Pipeline([web, use], 's', 'm', **place, grace=1).run()\n"
        )
        running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
        try:
            wait_for(self.place / "ready")
            why = self.fails(self.web(port), Job("suite", "touch tested", ["web"]))
        finally:
            running.terminate()
            running.wait()
        self.assertIn(f", of job theirs of run r{running.pid}-", why)

    def test_ports_are_read_only_for_such_a_service_and_seldom_once_it_is_ready(self) -> None:
        looks: list[int] = []
        at_ready: list[int] = []
        real = ports.sockets

        def sockets(wanted: Any) -> Any:
            looks.append(1)
            return real(wanted)

        def listen(event: events.Event) -> None:
            if isinstance(event, events.Ready):
                at_ready.append(len(looks))

        port = free_port()
        seldom = mock.patch.object(port_monitor, "SERVING", 600.0)
        with seldom, mock.patch.object(ports, "sockets", sockets):
            self.run_jobs(Job("a", "sleep 0.2", service=True), Job("b", "true", ["a"]))
            self.assertEqual(looks, [])
            self.run_jobs(self.web(port), Job("use", "sleep 0.5", ["web"]), listen=listen)
        self.assertEqual(at_ready, [len(looks)])

    def loses(self, port: int, suite: str) -> str:
        """Run a service whose worker is ended by its user while its body goes on."""
        worker = f"{sys.executable} server.py {port} reuse"
        body = f"echo $$ > shell; {worker} & echo $! > worker; sleep 600"
        web = Job("web", body, service=True, listens=(port,), timeout=60)
        suite += "while kill -0 $(cat shell); do sleep 0.05; done"
        with mock.patch.object(port_monitor, "SERVING", 0.05):
            return self.fails(web, Job("suite", suite, ["web"], timeout=60))

    def test_a_port_that_is_given_up_while_it_serves_fails_it(self) -> None:
        port = free_port()
        why = self.loses(port, "kill $(cat worker); ")
        self.assertRegex(why, rf"listens on port {port} any more while suite still needed it")

    def test_a_port_that_a_stranger_takes_while_it_serves_fails_it(self) -> None:
        port = free_port()
        stranger = Path(tempfile.mkdtemp(dir=self.place), "stranger.py")
        stranger.write_text(SERVER)
        server = f"setsid {sys.executable} {stranger} {port} reuse touch"
        taken = "until [[ -e up ]]; do sleep 0.01; done; kill $(cat worker)"
        why = self.loses(port, f"{server} & {taken}; ")
        self.assertRegex(why, rf"port {port} is held by pid \d+: .*stranger.py.* while suite still")

    def test_a_server_that_starts_again_is_not_failed(self) -> None:
        port = free_port()
        server = f"{sys.executable} server.py {port} & echo $! > worker; wait $! || true"
        body = f"while true; do {server}; done"
        web = Job("web", body, service=True, listens=(port,), timeout=60)
        with mock.patch.object(port_monitor, "SERVING", 20.0):
            results = self.run_jobs(web, Job("suite", "kill $(cat worker); sleep 0.5", ["web"]))
        self.assertEqual(results["web"].outcome, Outcome.PASSED, self.said.getvalue())

    def test_a_file_before_it_listens_or_after_is_the_same(self) -> None:
        port = free_port()
        late = f"touch up; sleep 0.3; exec {sys.executable} server.py {port}"
        self.passes(late, port, outputs={"up": "up"})


if __name__ == "__main__":
    unittest.main()
