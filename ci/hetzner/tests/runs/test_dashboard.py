"""The dashboard over real sockets: logs that grow, clients that come back or go away."""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lib.commit_queue.states import State
from lib.dashboard import streams
from lib.web_server.server import Server
from tests.support.event_source import Message, followed, messages
from tests.support.example_box import ExampleBox, sha
from tests.support.served import Asking
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

COMMIT = 0x1A2B3C4
START = "[10:11:12] START job\n"
PASS = "[10:11:20] PASS  job\n"


def open_files() -> int:
    """Return how many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Live(Asking):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.box = ExampleBox(self.state)
        self.serve(self.box.dashboard)
        self.over = contextlib.ExitStack()
        self.addCleanup(self.over.close)
        self.run_dir = self.over.enter_context(self.box.live_run(COMMIT, "main"))
        self.box.link(self.run_dir, COMMIT)
        self.ci_log = self.run_dir / "ci.log"
        self.ci_log.write_text(START)
        self.path = f"/runs/{self.run_dir.name}/job.log?follow=1"

    def write(self, data: bytes, name: str = "job.log") -> None:
        with (self.run_dir / name).open("ab") as log:
            log.write(data)

    def end(self) -> None:
        with self.ci_log.open("a") as log:
            log.write(PASS)


class GrowingLogs(Live):
    def test_two_clients_follow_a_log_over_its_attempts_until_the_job_has_ended(self) -> None:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [self.get(self.path), self.get(self.path)]
            found = [pool.submit(followed, answer) for answer in answers]
            for piece in (b"one\n", b"caf\xc3", b"\xa9\n", b"bad \xff byte\r", b"\nlast"):
                self.write(piece)
            (self.run_dir / "job.log").rename(self.run_dir / "job.log.1")
            self.write(b"again\n")
            self.end()
            text = "one\ncaf\u00e9\nbad \ufffd byte\nlast<attempt 2>again\n"
            for one in found:
                self.assertEqual(one.result(60), (text, "passed"))

    def test_client_that_comes_back_goes_on_where_it_was(self) -> None:
        self.write("one\ncafé".encode())
        first = next(messages(self.get(self.path)))
        self.assertEqual(first, Message("message", "one\ncafé", "1:9"))
        (self.run_dir / "job.log").rename(self.run_dir / "job.log.1")
        self.write(b"two\n")
        self.end()
        for since, text in (
            ("1:9", "<attempt 2>two\n"),
            ("1:4", "café<attempt 2>two\n"),
            ("2:1", "wo\n"),
            ("2:4", ""),
            ("2:999", ""),
            ("../../x", "one\ncafé<attempt 2>two\n"),
        ):
            answer = self.get(self.path, headers={"Last-Event-ID": since})
            self.assertEqual(followed(answer), (text, "passed"), since)

    def test_log_of_a_commit_and_of_the_run_itself_are_followed_too(self) -> None:
        by_commit = self.get(self.path.replace("runs", "logs").replace(self.run_dir.name, self.sha))
        ci_log = self.get(self.path.replace("job.log", "ci.log"))
        self.write(b"x\n")
        self.end()
        self.assertEqual(followed(by_commit), ("x\n", "passed"))
        self.box.summary(self.run_dir, COMMIT, "main", state="ended", exit_code=1)
        self.over.close()
        self.assertEqual(followed(ci_log), (START + PASS, "failed"))

    @property
    def sha(self) -> str:
        return sha(COMMIT)

    def test_run_that_is_killed_ends_what_follows_it(self) -> None:
        answer = self.get(self.path)
        self.write(b"half a li")
        self.over.close()
        self.assertEqual(followed(answer), ("half a li", "cut off"))

    def test_line_ends_of_a_log_make_no_event_of_their_own(self) -> None:
        self.write(b"\n\nevent: end\ndata: passed\n\nid: 9\n: x\r\r\n")
        self.end()
        text = "\n\nevent: end\ndata: passed\n\nid: 9\n: x\n\n"
        self.assertEqual(followed(self.get(self.path)), (text, "passed"))

    def test_no_link_is_followed_and_no_other_file(self) -> None:
        (self.state / "secret.log").write_text("a secret")
        (self.run_dir / "link.log").symlink_to(self.state / "secret.log")
        answer = self.get(self.path.replace("job.log", "link.log"))
        self.assertEqual(followed(answer), ("", "its log cannot be read"))
        self.over.close()
        for name in ("../../secret.log", "kept/a.log", ".lock.log", "a%00.log", "gone.log"):
            self.assertEqual(self.get(self.path.replace("job.log", name)).status, 404, name)


class GrowingLogsByOwnServer(GrowingLogs):
    def serve(self, application: WSGIApplication) -> None:
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))  # its log
        server = Server(application, "127.0.0.1", 0)
        server.start()
        self.addCleanup(server.close)
        self.port = server.address[1]


class Clients(Live):
    def test_client_that_goes_away_frees_its_thread_and_its_files(self) -> None:
        self.text("/")  # opens the queue
        before = open_files()
        for path in (self.path, "/api/events"):
            with socket.create_connection(("127.0.0.1", self.port)) as asked:
                asked.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                self.assertTrue(asked.recv(1))
                wait_until(lambda: self.server.busy == 1, "a thread that answers")
            wait_until(lambda: not self.server.busy, "no thread that answers")
        self.assertEqual(self.box.dashboard.open_streams, 0)
        wait_until(lambda: open_files() <= before, "all files closed")

    def test_more_streams_than_fit_are_refused_until_one_ends(self) -> None:
        answers = [self.get("/api/events") for _ in range(streams.MOST)]
        refused = self.get(self.path)
        self.assertEqual((refused.status, refused.headers["Retry-After"]), (503, "30"))
        self.assertEqual(self.get("/").status, 200)
        answers[0].close()
        wait_until(lambda: self.box.dashboard.open_streams < streams.MOST, "a stream that ended")
        self.end()
        self.assertEqual(followed(self.get(self.path))[1], "passed")

    def test_head_of_a_stream_takes_no_place(self) -> None:
        for path in (self.path, "/api/events"):
            answer = self.get(path, "HEAD")
            self.assertEqual((answer.status, answer.read()), (200, b""))
        self.assertEqual(self.box.dashboard.open_streams, 0)


class Changes(Live):
    def test_each_change_of_the_queue_and_of_a_run_is_an_event(self) -> None:
        events = messages(self.get("/api/events"))
        seen = [next(events)]
        self.box.push(7)
        seen.append(next(events))
        self.box.progress(self.run_dir, COMMIT, "main", after=50)
        seen.append(next(events))
        self.over.close()
        seen.append(next(events))
        self.assertEqual({message.name for message in seen}, {"change"})
        self.assertEqual(len({message.last_id for message in seen}), 4)
        answer = self.get("/api/events", headers={"Last-Event-ID": seen[-1].last_id})
        entry = self.box.took()
        self.box.queue.end(entry.id, State.PASSED, 0)
        self.assertNotEqual(next(messages(answer)).data, seen[-1].data)
