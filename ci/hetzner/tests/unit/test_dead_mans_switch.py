"""The dead man's switch calls out only while the box says that it is healthy."""

from __future__ import annotations

import contextlib
import io
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from deploy import alive


class Box(BaseHTTPRequestHandler):
    """Answers as /health of a box does, and as the service that waits for calls."""

    def do_GET(self) -> None:
        """Answer with the code that the path names, and keep the path."""
        assert isinstance(self.server, Served)
        self.server.asked.append(self.path)
        if self.path.startswith("/000"):
            self.wfile.write(b"no answer of HTTP\r\n")
            return
        self.send_response(int(self.path[1:4]))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Be silent."""


class Served(HTTPServer):
    """A server on a free port that keeps the paths that were asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Box)
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class DeadMansSwitch(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = Served()
        serving = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        serving.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(serving.join)
        self.addCleanup(self.server.shutdown)

    def ends(self, code: int, health: str, ping: str) -> str:
        environ = {"CI_HEALTH_URL": health, "CI_PING_URL": ping}
        told = io.StringIO()
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
            self.assertEqual(alive.main(environ), code)
        return told.getvalue()

    def test_healthy_box_makes_the_call_with_its_percent_signs(self) -> None:
        self.ends(0, f"{self.server.url}/200", f"{self.server.url}/200/a%20b?c=%25d")
        self.assertEqual(self.server.asked, ["/200", "/200/a%20b?c=%25d"])

    def test_unwell_box_makes_no_call_and_says_why(self) -> None:
        told = self.ends(1, f"{self.server.url}/503", f"{self.server.url}/200/secret")
        self.assertEqual(self.server.asked, ["/503"])
        self.assertIn("expected an answer of 200, found 503", told)

    def test_box_that_does_not_answer_makes_no_call(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        told = self.ends(1, f"{self.server.url}/200", f"{self.server.url}/200")
        self.assertEqual(self.server.asked, [])
        self.assertIn("ConnectionRefusedError", told)

    def test_error_of_the_other_end_does_not_have_its_address(self) -> None:
        for ping in (
            f"{self.server.url}/404/secret",
            f"{self.server.url}/000/secret",
            f"{self.server.url}/200/secret with a blank",
            "http://127.0.0.1:port/secret",
            "no-address/secret",
            "ftp:/secret\n",
            "unknown://x/secret",
        ):
            told = self.ends(1, f"{self.server.url}/200", ping)
            self.assertIn("CI_PING_URL: expected", told)
            self.assertNotIn("secret", told)
            self.assertNotIn("found str", told)

    def test_no_call_is_wanted_without_an_address(self) -> None:
        self.assertIn("no call is made", self.ends(0, f"{self.server.url}/200", " "))
        self.assertEqual(self.server.asked, [])


if __name__ == "__main__":
    unittest.main()
