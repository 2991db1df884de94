"""The files of runs in a browser, over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import tempfile
from pathlib import Path
from unittest import mock

from lib.dashboard import file_answers
from tests.support.example_box import ExampleBox
from tests.support.served import Asking
from tests.support.waiting import wait_until

NO_SCRIPT = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
SHA = "0123456789abcdef0123456789abcdef01234567"


class Serving(Asking):
    def setUp(self) -> None:
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (root / "secret").write_text("a secret")
        self.logs = root / "logs"
        self.run_dir = self.logs / SHA
        self.run_dir.mkdir(parents=True)
        (self.run_dir / "a.log").write_bytes(b"<script>alert(1)</script>\xff\n")
        self.serve(ExampleBox(root).dashboard)

    def refused(self, path: str) -> None:
        answer = self.get(path)
        self.assertEqual((answer.status, answer.read()), (404, b"404 Not Found\n"), path)

    def is_text(self, answer: http.client.HTTPResponse) -> None:
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])

    def test_log_is_served_as_it_is_and_as_text_only(self) -> None:
        for name in ("a.log", "a.html", "summary.json", "a.svg"):
            (self.run_dir / name).write_bytes((self.run_dir / "a.log").read_bytes())
            answer = self.get(f"/logs/{SHA}/{name}")
            self.assertEqual(answer.read(), b"<script>alert(1)</script>\xff\n")
            self.is_text(answer)

    def test_list_of_a_directory_that_a_job_fills_without_end_has_an_end(self) -> None:
        with mock.patch.object(file_answers, "MOST_NAMES", 3):
            for number in range(5):
                (self.run_dir / f"x{number}").touch()
            self.assertEqual(len(self.text(f"/logs/{SHA}/").split()), 3)

    def test_page_of_a_run_is_shown_and_may_run_load_and_send_nothing(self) -> None:
        kinds = {"report.html": "text/html; charset=utf-8", "timeline.svg": "image/svg+xml"}
        for name, kind in kinds.items():
            (self.run_dir / name).write_bytes((self.run_dir / "a.log").read_bytes())
            answer = self.get(f"/logs/{SHA}/{name}")
            self.assertEqual(answer.headers["Content-Type"], kind)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            rights = (
                "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
            )
            self.assertEqual(answer.headers.get_all("Content-Security-Policy"), [rights])

    def test_page_that_a_job_kept_is_text(self) -> None:
        kept = self.run_dir / "kept" / "a"
        kept.mkdir(parents=True)
        (kept / "report.html").write_bytes(b"<script>alert(1)</script>\n")
        self.is_text(self.get(f"/logs/{SHA}/kept/a/report.html"))

    def test_errors_and_lists_are_text_too_and_repeat_nothing_of_the_request(self) -> None:
        self.is_text(self.get("/<script>"))
        self.refused("/<script>alert(1)</script>")
        listed = self.get(f"/logs/{SHA}/")
        self.is_text(listed)
        self.assertEqual(listed.read(), b"a.log\n")

    def test_commits_and_nothing_else_are_listed_newest_first(self) -> None:
        for age, digit in enumerate("bdac"):
            made = self.logs / (digit * 40)
            made.mkdir()
            os.utime(made, (0, 1000 - age))
        (self.logs / ("e" * 40)).touch()
        (self.logs / "unresolved-0123456789ab").mkdir()
        answer = self.get("/logs/")
        self.is_text(answer)
        commits = [SHA, *(digit * 40 for digit in "bdac")]
        self.assertEqual(answer.read().decode(), "".join(f"{sha}/\n" for sha in commits))

    def test_list_says_that_there_are_no_logs_yet(self) -> None:
        shutil.rmtree(self.logs)
        answer = self.get("/logs/")
        self.assertEqual((answer.status, answer.read()), (200, b"(no logs yet)\n"))

    def test_commit_without_a_slash_leads_to_its_list(self) -> None:
        answer = self.get(f"/logs/{SHA}")
        self.assertEqual((answer.status, answer.headers["Location"]), (301, f"/logs/{SHA}/"))
        self.is_text(answer)
        self.assertEqual(self.get(answer.headers["Location"]).read(), b"a.log\n")

    def test_nothing_outside_of_the_runs_is_reached(self) -> None:
        for path in (
            f"/logs/{SHA[1:]}",
            f"/logs/{'f' * 40}",
            f"/logs/{SHA}/../../secret",
            f"/logs/{SHA}/..%2f..%2fsecret",
            "/../secret",
            "/%2e%2e/secret",
            f"/logs/{SHA}/a.log/",
            f"/logs/{SHA}/%00",
            f"/logs/{SHA}//a.log",
            f"/logs/{SHA}/..",
            f"/logs/{SHA.upper()}/a.log",
            f"/logs/{SHA}/{'x' * 5000}",
        ):
            self.refused(path)

    def test_link_pipe_directory_and_hidden_file_lead_nowhere(self) -> None:
        (self.run_dir / "link.log").symlink_to(self.logs.parent / "secret")
        (self.run_dir / "inner.log").symlink_to("a.log")
        os.mkfifo(self.run_dir / "pipe.log")
        (self.run_dir / "directory").mkdir()
        (self.run_dir / ".a.cache-key").write_text("k")
        for name in ("link.log", "inner.log", "pipe.log", "directory", ".a.cache-key"):
            self.refused(f"/logs/{SHA}/{name}")
        other = "f" * 40
        (self.logs / other).symlink_to(self.logs.parent)
        self.refused(f"/logs/{other}/secret")
        self.refused(f"/logs/{other}")
        self.assertEqual(self.get("/logs/").read().decode(), f"{SHA}/\n")

    def test_run_is_served_by_its_name_and_by_its_commit(self) -> None:
        name = "20231114T221320Z-f0f0f0f"
        run, sha = self.logs.parent / "runs" / name, "f0f0f0f" + "0" * 33
        run.mkdir(parents=True)
        (run / "a.log").write_text("of the run")
        (self.logs / sha).symlink_to(f"../runs/{name}")
        for below, word in (("runs", name), ("logs", sha)):
            self.assertEqual(self.get(f"/{below}/{word}/a.log").read(), b"of the run")
            self.assertEqual(self.get(f"/{below}/{word}/").read(), b"a.log\n")
        self.assertEqual(self.text("/logs/").split(), [f"{sha}/", f"{SHA}/"])
        self.assertEqual(self.text("/runs/"), f"{name}/\n")

    def test_file_that_a_job_kept_is_reached_and_no_link_beside_it(self) -> None:
        name = "20231114T221320Z-f0f0f0f"
        kept = self.logs.parent / "runs" / name / "kept" / "job" / "deep"
        kept.mkdir(parents=True)
        (kept / "trace 1.zip").write_bytes(b"PK")
        (kept / "link").symlink_to(self.logs.parent)
        (kept / ".hidden").touch()
        path = f"/runs/{name}/kept/job/deep"
        self.assertEqual(self.get(f"{path}/trace%201.zip").read(), b"PK")
        self.assertEqual(self.get(f"{path}/").read(), b"link\ntrace 1.zip\n")
        self.assertEqual(self.get(path).headers["Location"], f"{path}/")
        for wrong in ("link", "link/secret", "link/", ".hidden", "..", "trace%201.zip/", "/a"):
            self.refused(f"{path}/{wrong}")

    def test_address_of_before_0_6_0_leads_to_the_same_run(self) -> None:
        for path, to in (
            (f"/{SHA}/a.log", f"/logs/{SHA}/a.log"),
            ("/20231114T221320Z-f0f0f0f/", "/runs/20231114T221320Z-f0f0f0f/"),
        ):
            answer = self.get(path)
            self.assertEqual((answer.status, answer.headers["Location"]), (301, to))

    def test_report_is_shown_in_the_place_of_the_list_unless_it_is_a_link(self) -> None:
        report = self.run_dir / "report.html"
        report.write_text("the report")
        self.assertEqual(self.text(f"/logs/{SHA}/"), "the report")
        report.unlink()
        report.symlink_to(self.logs.parent / "secret")
        self.assertEqual(self.text(f"/logs/{SHA}/"), "a.log\nreport.html\n")

    def test_link_of_a_commit_leads_to_a_run_of_the_store_only(self) -> None:
        runs = self.logs.parent / "runs"
        runs.mkdir()
        (runs / "20231114T221320Z-f0f0f0f").symlink_to(self.logs.parent)
        for digit, to in zip(
            "abcd",
            ("../secret", "/", "../runs/..", "../runs/20231114T221320Z-f0f0f0f"),
            strict=True,
        ):
            (self.logs / (digit * 40)).symlink_to(to)
            self.refused(f"/logs/{digit * 40}/secret")
            self.refused(f"/logs/{digit * 40}")
        self.assertEqual(self.get("/logs/").read().decode(), f"{SHA}/\n")

    def test_head_tells_the_size_and_sends_nothing(self) -> None:
        for path, code, size in (
            (f"/logs/{SHA}/a.log", 200, 27),
            ("/logs/", 200, 42),
            ("/nothing", 404, 14),
        ):
            with socket.create_connection(("127.0.0.1", self.port)) as asked:
                asked.sendall(f"HEAD {path} HTTP/1.0\r\n\r\n".encode())
                with asked.makefile("rb") as answer:
                    head, _, body = answer.read().partition(b"\r\n\r\n")
            self.assertRegex(head.decode(), rf"(?s)^HTTP/1.0 {code} .*Content-Length: {size}$")
            self.assertEqual(body, b"")

    def test_reader_that_goes_away_leaves_no_file_open(self) -> None:
        (self.run_dir / "big.log").write_bytes(b"x" * 10_000_000)
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", self.port)) as asked:
                asked.sendall(f"GET /{SHA}/big.log HTTP/1.0\r\n\r\n".encode())
                asked.recv(1)
        wait_until(lambda: not self.open_logs(), "all logs closed")

    def open_logs(self) -> list[Path]:
        found = []
        for entry in list(Path("/proc/self/fd").iterdir()):
            with contextlib.suppress(FileNotFoundError):  # closed between the two looks
                found.append(entry.readlink())
        return [path for path in found if path.name == "big.log"]

    def test_request_that_does_not_read_is_refused(self) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = self.get(f"/logs/{SHA}/a.log", method)
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))

    def test_log_that_grows_is_served_as_far_as_it_was(self) -> None:
        with (self.run_dir / "big.log").open("wb") as log:
            log.write(b"x" * 10_000_000)
            log.flush()
            answer = self.get(f"/logs/{SHA}/big.log")
            log.write(b"y" * 1000)
        self.assertEqual(answer.read(), b"x" * 10_000_000)

    def test_names_that_jobs_make_up_stay_one_line_each(self) -> None:
        (self.run_dir / "evil\n\x1b[2J").touch()
        Path(os.fsdecode(bytes(self.run_dir) + b"/\xff")).touch()
        lines = self.get(f"/logs/{SHA}/").read().decode().splitlines()
        self.assertEqual(lines, ["a.log", r"'evil\n\x1b[2J'", r"'\udcff'"])

    def test_silent_client_keeps_no_other_waiting(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)):
            self.assertEqual(self.get(f"/logs/{SHA}/a.log").status, 200)
