"""Random requests of strangers: each has an answer, and none leaves the directory of a run."""

from __future__ import annotations

import json
import os
import random
import tempfile
import unittest
import urllib.parse
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from lib.commit_queue.states import State
from lib.dashboard import run_lines
from tests.support.example_box import ExampleBox, sha
from tests.support.queue_case import MEMORY

REQUESTS = 1500
SECRET = "outside of all runs"
DOTS = ("..", "%2e%2e", "%252e%252e", "..;", "%c0%ae%c0%ae", "．．", ".%00.", "..%5c", "....//")
SLASHES = ("/", "//", "%2f", "%5c", "\\", "/./", "%252f", "/;/")
OTHER = ("secret", "queue.db", ".lock", "report.html", "\x00", "\r\nSet-Cookie: a=1", "é", "\udcff")
QUERIES = (
    *("", "follow", "follow=1", "part", "token=x", "token", "limit=0", "limit=-5", "before=%00"),
    *("state=waiting%00", "branch=%ff", "a=%0d%0aX:1", "&" * 50, "=", "run_before=x", "limit=3"),
)


class Strangers(unittest.TestCase):
    def setUp(self) -> None:
        place = Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY)))
        (place / "secret").write_text(SECRET)
        state = place / "state"
        (state / "secret").parent.mkdir()
        (state / "secret").write_text(SECRET)
        self.box = ExampleBox(state)
        self.run_name = self.box.ran(1, "main", State.PASSED)
        run = state / "runs" / self.run_name
        (run / "kept").mkdir()
        for link, to in (("up", ".."), ("kept/up", "../../.."), ("secret.log", "../../secret")):
            (run / link).symlink_to(to)

    def ask(
        self, path: str, query: str, method: str = "GET", accept: str = "*/*"
    ) -> tuple[int, bytes]:
        environ: dict[str, Any] = {"HTTP_ACCEPT": accept}
        setup_testing_defaults(environ)
        raw = urllib.parse.unquote_to_bytes(path.encode(errors="surrogateescape"))
        environ.update(REQUEST_METHOD=method, QUERY_STRING=query, PATH_INFO=raw.decode("latin-1"))
        told: list[Any] = []

        def start(*given: Any) -> Any:
            told.extend(given)
            return print

        body = validator(self.box.dashboard)(environ, start)
        status, headers, *_ = told
        try:
            streams = dict(headers)["Content-Type"].startswith("text/event-stream")
            content = b"" if streams else b"".join(body)
        finally:
            body.close()  # type: ignore[attr-defined]
        for pair in headers:
            self.assertNotRegex("".join(pair), r"[\r\n\x00]", path)
        return int(status.partition(" ")[0]), content

    def test_each_request_has_an_answer_without_what_is_outside(self) -> None:
        chance = random.Random(12)
        words = [*DOTS, *SLASHES, *OTHER, "runs", "logs", "kept", "up", "badge", "api", ".svg"]
        words += [self.run_name, sha(1), "secret.log", "lint.log", "ci.log", "health"]
        found = set()
        for _ in range(REQUESTS):
            begin = chance.choice(("/", f"/runs/{self.run_name}/", f"/logs/{sha(1)}/", "/badge/"))
            path = begin + "".join(chance.choices(words, k=chance.randrange(6)))
            if chance.random() < 0.5:
                path = path.replace("..", "../")
            status, content = self.ask(path, chance.choice(QUERIES), chance.choice(("GET", "HEAD")))
            self.assertIn(status, (200, 301, 404, 503), path)
            self.assertNotIn(SECRET.encode(), content, path)
            found.add(status)
        self.assertLessEqual({200, 404}, found)
        self.assertEqual(self.box.dashboard.open_streams, 0)

    def test_writing_methods_are_refused_everywhere(self) -> None:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            for path in ("/", "/health", f"/runs/{self.run_name}/", "/api/events", "/nothing"):
                self.assertEqual(self.ask(path, "", method)[0], 405, (method, path))

    def test_files_that_a_job_made_too_long_are_not_read(self) -> None:
        with self.box.live_run(2, "topic") as live:
            runs = [self.box.state / "runs" / self.run_name, live]
            (runs[0] / "report.html").unlink()  # sent as it is, in pieces
            for file in [file for run in runs for file in run.iterdir()]:
                if file.is_file() and not file.is_symlink():
                    os.truncate(file, 1 << 42)  # a hole: no memory has room for it
            of_runs = [f"/runs/{run.name}/" for run in runs]
            for path in ("/", "/api/runs.json", "/metrics", "/badge/main.svg", *of_runs):
                with self.subTest(path):
                    self.assertEqual(self.ask(path, "", accept="text/html")[0], 200)

    def test_summary_that_would_take_much_memory_tells_nothing_of_its_run(self) -> None:
        run = self.box.ended_run(3, "topic")
        path = "/api/runs.json"
        states = [each["state"] for each in json.loads(self.ask(path, "")[1])["runs"]]
        self.assertEqual(states, ["passed", "passed"])
        lists = ",".join(["[]"] * (run_lines.LARGEST_SUMMARY // 3))
        (run / "summary.json").write_text(f'{{"exit_code": 0, "x": [{lists}]}}')
        states = [each["state"] for each in json.loads(self.ask(path, "")[1])["runs"]]
        self.assertCountEqual(states, ["unknown", "passed"])
