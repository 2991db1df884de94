"""The log server as a program."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from lib.run_directories.log_server import Handler, LogServer

SHA = "0123456789abcdef0123456789abcdef01234567"
PROGRAM = Path(__file__).resolve().parents[3] / "lib" / "logserver.py"


class Program(unittest.TestCase):
    def test_serves_the_logs_of_the_state_directory_until_a_signal(self) -> None:
        with tempfile.TemporaryDirectory() as state:
            run_dir = Path(state) / "logs" / SHA
            run_dir.mkdir(parents=True)
            (run_dir / "ci.log").write_text("fine\n")
            command = [sys.executable, str(PROGRAM), "--port", "0", "--state-dir", state]
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as process:
                assert process.stdout is not None
                port = int(re.findall(r":(\d+)/$", process.stdout.readline())[0])
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as asked:
                    asked.request("GET", f"/{SHA}/ci.log")
                    self.assertEqual(asked.getresponse().read(), b"fine\n")
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(30), 130)

    def test_address_may_be_one_of_ipv6(self) -> None:
        for host in ("::1", "[::1]", "::"):
            with self.subTest(host), tempfile.TemporaryDirectory() as logs:
                (Path(logs) / "logs" / SHA).mkdir(parents=True)
                try:
                    server = LogServer(Path(logs), host, 0)
                except OSError as error:
                    self.skipTest(f"no IPv6 here: {error}")
                thread = threading.Thread(target=server.serve_forever, args=(0.01,))
                with server, mock.patch.object(Handler, "log_message"):
                    thread.start()
                    asked = http.client.HTTPConnection("::1", server.server_port, timeout=30)
                    with contextlib.closing(asked):
                        asked.request("GET", "/")
                        self.assertEqual(asked.getresponse().read(), f"{SHA}/\n".encode())
                    self.assertRegex(server.url, r"\Ahttp://\[::1?\]:\d+/\Z")
                    server.shutdown()
                    thread.join()

    def test_address_that_is_taken_is_said(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            ran = subprocess.run(
                [sys.executable, str(PROGRAM), "--port", port],
                capture_output=True,
                text=True,
                check=False,
            )
        self.assertEqual(ran.returncode, 2)
        self.assertRegex(ran.stderr, rf"logserver.py: 127.0.0.1:{port}: .*in use")
