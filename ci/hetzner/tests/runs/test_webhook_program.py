"""webhook.py as a program: its start, its end, and what it tells systemd."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock
from wsgiref.validate import validator

import webhook
from lib.configuration import service_settings
from lib.web_server import self_check
from tests.support.receiver_process import HERE, ReceiverCase
from tests.support.webhook_case import SECRET, SHA, pushed, request, signed


class Program(ReceiverCase):
    def ask(self, asked: bytes) -> bytes:
        with socket.create_connection(self.address, timeout=60) as client:
            client.sendall(asked)
            answer = b""
            while piece := client.recv(1 << 16):
                answer += piece
        return answer

    def refused(self, *flags: str, **environ: str) -> str:
        ran = subprocess.run(
            [sys.executable, str(HERE / "webhook.py"), *flags],
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((ran.returncode, ran.stdout), (2, ""))
        return ran.stderr

    def test_push_is_queued_and_a_signal_ends_the_program_in_order(self) -> None:
        receiver = self.start()
        self.assertIn(b" 202 Accepted\r\n", self.ask(request(pushed())))
        self.assertEqual([entry.sha for entry in self.queue.entries()], [SHA])
        with socket.create_connection(self.address) as slow:
            slow.sendall(b"POST /webhook HTTP/1.1\r\n")
            receiver.send_signal(signal.SIGTERM)
            self.assertEqual(receiver.wait(60), 0)

    def test_jobs_read_no_secret_in_its_environment(self) -> None:
        secrets = {"WEBHOOK_SECRET": SECRET, "CI_READ_TOKEN": "of-readers-0123456789"}
        receiver = self.start(GITHUB_TOKEN="ghp_0123456789", **secrets)
        shown = Path("/proc", str(receiver.pid), "environ").read_text()
        self.assertIn(f"CI_STATE_DIR={self.state}\0", shown)
        for secret in ("ghp_0123456789", *secrets.values()):
            self.assertNotIn(secret, shown)
        self.assertIn(b" 202 Accepted\r\n", self.ask(request(pushed())))

    def test_pages_are_shown_unless_told_otherwise(self) -> None:
        pages = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        self.start()
        self.assertIn(b" 200 OK\r\n", self.ask(pages))
        self.start("--without-reads")
        self.assertIn(b" 404 Not Found\r\n", self.ask(pages))

    def test_without_a_secret_it_does_not_start_unless_told_so(self) -> None:
        self.assertIn("--without-secret", self.refused(WEBHOOK_SECRET=""))
        self.assertIn("found one: unset either", self.refused("--without-secret"))
        self.start("--without-secret", WEBHOOK_SECRET="")
        unsigned = request(pushed(), X_Hub_Signature_256="")
        self.assertIn(b" 202 Accepted\r\n", self.ask(unsigned))

    def test_what_cannot_be_used_is_named(self) -> None:
        self.assertIn("GITHUB_REPO: expected", self.refused(GITHUB_REPO=""))
        self.assertIn("webhook.py: 127.0.0.1:99999: ", self.refused("--port", "99999"))
        self.start()
        self.assertIn("in use", self.refused("--port", str(self.address[1])))

    def test_systemd_hears_of_the_start_of_each_answered_look_and_of_the_end(self) -> None:
        path = str(self.state / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(path)
            systemd.settimeout(60)
            receiver = self.start(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000")
            self.assertTrue(systemd.recv(1000).startswith(b"READY=1\n"))
            self.assertEqual([systemd.recv(1000) for _ in range(3)], [b"WATCHDOG=1"] * 3)
            self.assertIn("GET /health 503 ", self.log.read_text())
            receiver.send_signal(signal.SIGTERM)
            while (told := systemd.recv(1000)) == b"WATCHDOG=1":
                pass
            self.assertEqual(told, b"STOPPING=1")
            self.assertEqual(receiver.wait(60), 0)

    def test_server_that_does_not_answer_is_found_out(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = silent.getsockname()
            self.assertFalse(self_check.answers(address, "/health", 0.1))
        self.assertFalse(self_check.answers(address, "/health", 0.1))


class ForOtherServers(ReceiverCase):
    def test_application_holds_to_the_protocol_of_python(self) -> None:
        settings = service_settings.load(environ=self.environ())
        application = validator(webhook.application(settings))
        body = b"{}"
        posted = {"CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"}
        named = {"HTTP_X_GITHUB_EVENT": "ping", "HTTP_X_GITHUB_DELIVERY": "d-1"}
        post = {**posted, **named, "HTTP_X_HUB_SIGNATURE_256": signed(body)}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(self.call(application, "POST", "/webhook", body, post), "200 OK")
            self.assertEqual(self.call(application, "GET", "/badge/main.svg", b"", {}), "200 OK")

    def call(self, application: Any, method: str, path: str, body: bytes, more: Any) -> str:
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "x",
            "SERVER_PORT": "1",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **more,
        }
        start = mock.Mock(return_value=lambda _: None)
        pieces = application(environ, start)
        list(pieces)
        pieces.close()
        return str(start.call_args.args[0])

    def test_app_is_made_when_a_server_asks_for_it(self) -> None:
        program = "import webhook; print(type(webhook.app).__name__, webhook.app is webhook.app)"
        for environ, shown in (
            (self.environ(), "Application True"),
            (self.environ(WEBHOOK_SECRET=""), "WEBHOOK_SECRET: expected"),
        ):
            ran = subprocess.run(
                [sys.executable, "-c", program],
                cwd=HERE,
                env=environ,
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertIn(shown, ran.stdout + ran.stderr)
