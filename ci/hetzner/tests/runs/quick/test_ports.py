"""Which ports are held, and by whom: what stands in the kernel's tables, and no guess."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.processes import ports

PROGRAM = Path(ports.__file__)


def listen(
    test: unittest.TestCase, family: int = socket.AF_INET, address: str = "127.0.0.1"
) -> int:
    """Listen on a free port until the test ends; return the port."""
    server = socket.socket(family)
    test.addCleanup(server.close)
    server.bind((address, 0))
    server.listen()
    return int(server.getsockname()[1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TestListeners(unittest.TestCase):
    def test_listener_is_named_with_pid_user_address_and_command(self) -> None:
        port = listen(self)
        (found,) = ports.listeners(port)
        self.assertEqual((found.port, found.pid, found.uid), (port, os.getpid(), os.getuid()))
        self.assertEqual(found.address, "127.0.0.1")
        self.assertIn("python", found.command)
        self.assertIn(f"port {port}: pid {os.getpid()}: ", str(found))

    @unittest.skipUnless(socket.has_ipv6, "this Python has no IPv6")
    def test_listener_on_ipv6_is_found(self) -> None:
        port = listen(self, socket.AF_INET6, "::1")
        self.assertEqual([f.address for f in ports.listeners(port)], ["::1"])

    def test_every_process_that_holds_the_socket_is_named(self) -> None:
        server = socket.socket()
        self.addCleanup(server.close)
        server.bind(("127.0.0.1", 0))
        server.listen()
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            pass_fds=[server.fileno()],
        )
        self.addCleanup(child.communicate)
        found = ports.listeners(server.getsockname()[1])
        self.assertEqual({f.pid for f in found}, {os.getpid(), child.pid})

    def test_connected_or_merely_bound_socket_does_not_listen(self) -> None:
        port = listen(self)
        with socket.create_connection(("127.0.0.1", port)) as client, socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self.assertEqual(ports.listeners(client.getsockname()[1]), [])
            self.assertEqual(ports.listeners(bound.getsockname()[1]), [])

    def test_descriptor_that_closes_during_the_look_hides_no_other(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            for name in "ac":
                Path(scratch, name).symlink_to(f"socket:[{name}]")
            Path(scratch, "b").touch()  # cannot be read as a link, like one that is gone
            found = set(ports._open_files(Path(scratch)))
        self.assertEqual(found, {"socket:[a]", "socket:[c]"})

    def test_all_listening_ports_are_listed_with_their_user(self) -> None:
        self.assertIn((listen(self), os.getuid()), ports.listening())


class TestWithoutTheTable(unittest.TestCase):
    def test_port_is_held_or_free_on_any_address(self) -> None:
        with mock.patch.object(sys, "platform", "darwin"):
            for address in ("127.0.0.1", "0.0.0.0", "127.0.0.2"):
                with self.subTest(address):
                    (found,) = ports.listeners(listen(self, address=address))
                    self.assertIsNone(found.pid)
                    self.assertIn("not to be seen", str(found))
            self.assertEqual(ports.listeners(free_port()), [])
            self.assertEqual(ports.listening(), [])


class TestProgram(unittest.TestCase):
    def run_it(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, PROGRAM, *arguments], capture_output=True, text=True, check=False
        )

    def test_held_port_names_its_holder_and_exits_0(self) -> None:
        asked = self.run_it("holder", str(listen(self)))
        self.assertEqual((asked.returncode, asked.stderr), (0, ""))
        self.assertIn(f"pid {os.getpid()}: ", asked.stdout)

    def test_free_port_prints_nothing_and_exits_1(self) -> None:
        asked = self.run_it("holder", str(free_port()))
        self.assertEqual((asked.returncode, asked.stdout, asked.stderr), (1, "", ""))

    def test_misuse_exits_2(self) -> None:
        for arguments in ([], ["holder"], ["holder", "x"], ["other", "1"]):
            with self.subTest(arguments), contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(ports.main(arguments), 2)
                self.assertIn("usage", said.getvalue())


if __name__ == "__main__":
    unittest.main()
