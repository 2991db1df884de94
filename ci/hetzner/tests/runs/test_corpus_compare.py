"""Our verdicts beside those of others: real files, and a server that stands for GitHub."""

from __future__ import annotations

import json
import os
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from lib.corpus import rounds
from lib.corpus.ended_run import EndedRun, with_answer
from tests.support.corpus_case import CorpusCase

TOKEN = "ghp_0123456789abcdef"
NAMES = '[names]\nlint = "Lint / Python"\ntest = ["Test (1)", "Test (2)"]\n'


class GitHub(ThreadingHTTPServer):
    """Answers for check runs and statuses, 100 a page at most; `moved_to`: redirects there."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.statuses: dict[str, list[dict[str, Any]]] = {}
        self.moved_to = ""
        self.odd = b""  # the body of each answer, if there is one
        self.tokens: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self.server.tokens.append(self.headers["Authorization"])
        address = urlsplit(self.path)
        _, _, owner, name, _, sha, kind = address.path.split("/")
        if self.server.moved_to and owner != "new":
            self.send_response(301)
            self.send_header(
                "Location",
                f"{self.server.moved_to}/repos/new/{name}/commits/{sha}/{kind}?{address.query}",
            )
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = parse_qs(address.query)
        size = min(100, int(asked.get("per_page", ["30"])[0]))
        first = (int(asked.get("page", ["1"])[0]) - 1) * size
        everything = (self.server.runs if kind == "check-runs" else self.server.statuses).get(sha)
        field = "check_runs" if kind == "check-runs" else "statuses"
        if everything is None:
            body = b'{"message": "No commit found for SHA"}'
        else:
            page = {"sha": sha, "total_count": len(everything)}
            body = json.dumps(page | {field: everything[first : first + size]}).encode()
        body = self.server.odd or body
        self.send_response(200 if everything is not None else 422)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def check_run(sha: str, name: str, conclusion: str = "success") -> dict[str, Any]:
    return {"head_sha": sha, "name": name, "status": "completed", "conclusion": conclusion}


class CompareCase(CorpusCase):
    """A corpus that has run, green, and a server that knows its commits."""

    def setUp(self) -> None:
        super().setUp()
        self.file.write_text(self.file.read_text() + NAMES)
        made = rounds.new(self.state / "corpus" / "three")
        for name, sha in (("one", self.first), ("two", self.second), ("three", self.third)):
            jobs = {"lint": "passed", "test": "passed"}
            made.end(EndedRun(name, sha, (), exit_code=0, jobs=jobs))
        made.done()
        self.github = self.enterContext(GitHub())
        threading.Thread(target=self.github.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.github.shutdown)
        for sha in (self.first, self.second, self.third):
            tests = [check_run(sha, f"Test ({number})") for number in (1, 2)]
            self.github.runs[sha] = [check_run(sha, "Lint / Python"), *tests]
            self.github.statuses[sha] = []
        variables = {"GITHUB_API_URL": self.github.url, "GITHUB_REPO": "o/n", "GITHUB_TOKEN": TOKEN}
        self.enterContext(mock.patch.dict(os.environ, variables))
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]

    def compare(self, *words: str, code: int) -> str:
        return self.corpus("compare", str(self.file), *words, code=code)


class Asked(CompareCase):
    def test_all_agree(self) -> None:
        told = self.compare("--github", code=0)
        self.assertIn("3 commits: 9 agree", told)
        self.assertEqual(set(self.github.tokens), {f"Bearer {TOKEN}"})
        self.assertNotIn(TOKEN, told)

    def test_failure_on_the_last_page_disagrees(self) -> None:
        more = [check_run(self.second, f"other {number}") for number in range(250)]
        self.github.runs[self.second] += [*more, check_run(self.second, "Test (2)", "timed_out")]
        told = self.compare("--github", code=1)
        self.assertIn("DISAGREE two test: ours passed, theirs timed_out", told)
        self.assertIn("DISAGREE two (commit)", told)

    def test_run_of_some_test_cases_does_not_speak_for_its_commit(self) -> None:
        made = rounds.new(self.state / "corpus" / "three")
        jobs = [{"name": "lint", "outcome": "passed"}, {"name": "test", "outcome": "passed"}]
        for name, sha in (("one", self.first), ("two", self.second), ("three", self.third)):
            told = {"exit_code": 0, "jobs": jobs, "asked_for_all": name != "two"}
            begun = EndedRun(name, sha, ("--only-testcases", "x"))
            made.end(with_answer(begun, 0, json.dumps(told)))
        made.done()
        told_of = self.compare("--github", code=0)
        self.assertIn("3 commits: 8 agree", told_of)
        self.assertNotRegex(told_of, r"two +\(commit\)")

    def test_commit_that_github_does_not_know_is_told_and_is_no_match(self) -> None:
        del self.github.runs[self.third], self.github.statuses[self.third]
        self.assertRegex(self.compare("--github", code=1), r"three +\(commit\) .* no check")

    def test_token_follows_no_redirect_to_another_host(self) -> None:
        self.github.moved_to = self.github.url
        self.compare("--github", code=0)
        self.github.moved_to = self.github.url.replace("127.0.0.1", "localhost")
        asked = len(self.github.tokens)
        self.assertIn("found 301 a redirect to another host", self.compare("--github", code=1))
        self.assertEqual(len(self.github.tokens), asked + 1)

    def test_damage_in_an_answer_is_told(self) -> None:
        for odd in (
            b'{"check_runs": [], "total_count": 1e999}',
            b'{"check_runs": [], "total_count": [1]}',
            b'{"statuses": []}',  # the question was for check runs
        ):
            self.github.odd = odd
            told = self.compare("--github", code=1)
            self.assertRegex(told, "expected check_runs and a total_count, found {")

    def test_server_that_cannot_be_reached(self) -> None:
        with mock.patch.dict(os.environ, GITHUB_API_URL="http://127.0.0.1:9"):
            self.assertIn("expected 200, found 0", self.compare("--github", code=1))


class Files(CompareCase):
    def test_answers_in_files_and_for_programs(self) -> None:
        paths = []
        for sha, found in self.github.runs.items():
            path = self.home / f"{sha}.json"
            path.write_text(json.dumps({"total_count": len(found), "check_runs": found}))
            paths.append(str(path))
        told = json.loads(self.compare("--json", "--checks", *paths, code=0))
        self.assertTrue(told["agree"])
        self.assertEqual({pair["match"] for pair in told["pairs"]}, {"agree"})
        self.assertIn("no check", self.compare("--checks", paths[0], code=1))

    def test_logs_of_another_runner(self) -> None:
        logs = []
        for sha in (self.first, self.second, self.third):
            log = self.home / "logs" / sha / "ci.log"
            log.parent.mkdir(parents=True)
            log.write_text("[10:00:00] START lint\n[10:00:01] PASS  lint\n[10:00:02] PASS  test\n")
            logs.append(log)
        names = self.home / "names.toml"
        names.write_text('[names]\nlint = "lint"\ntest = "test"\n')
        words = ("--names", str(names), "--logs", *map(str, logs))
        self.compare(*words, code=0)
        logs[1].write_text("[10:00:01] PASS  lint\n[10:00:02] FAIL  test  (see x)\n")
        self.assertIn("DISAGREE two test", self.compare(*words, code=1))
        named = ("--names", str(names), "--logs", f"{self.first}={names}")
        self.assertIn("expected lines as", self.compare(*named, code=2))
        named = ("--names", str(names), "--logs", f"topic={logs[0]}")
        self.assertIn("expected SHA=FILE, or", self.compare(*named, code=2))
        other = f"{'0' * 40}={logs[0]}"
        self.assertIn(
            "is not used: no run here is one of 0000000", self.compare(*words, other, code=1)
        )

    def test_what_is_missing_is_told(self) -> None:
        self.assertIn("compare with what?", self.compare(code=2))
        told = self.corpus("compare", "last", "--github", code=1)
        self.assertIn("expected a run, found none", told)
        bad = self.home / "bad.json"
        bad.write_text('{"message": "Not Found"}')
        self.assertIn("expected answers of GitHub", self.compare("--checks", str(bad), code=2))


if __name__ == "__main__":
    unittest.main()
