"""GitHub's own example payloads, signed by its own library, before both kinds of servers.

Needs gunicorn and two packages of octokit, which check.py installs: no part of test_dsl.py.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import unittest
from typing import Any

from tests.support.receiver_process import HERE, ReceiverCase, ask_all, end, status
from tests.support.waiting import wait_until
from tests.support.webhook_case import REPOSITORY, SECRET, request

SIGN = HERE / "tests" / "support" / "sign_examples.mjs"
RUN = {"opened", "synchronize", "reopened", "ready_for_review"}


def commit(event: str, payload: dict[str, Any]) -> str:
    """Return the commit that has to be queued, '' for none."""
    if event == "push" and payload["ref"].startswith("refs/heads/") and not payload["deleted"]:
        return str(payload["after"])
    own = payload.get("repository", {}).get("full_name") == REPOSITORY
    if event != "pull_request" or payload["action"] not in RUN or not own:
        return ""
    head = payload["pull_request"]["head"]
    return str(head["sha"]) if head["repo"]["full_name"] == REPOSITORY else ""


class Payloads(ReceiverCase):
    def setUp(self) -> None:
        super().setUp()
        words = ["node", str(SIGN), sys.prefix, SECRET]
        signed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        self.examples = [json.loads(line) for line in signed.splitlines()]
        self.assertGreater(len(self.examples), 300)

    def test_embedded_server_takes_each(self) -> None:
        self.start()
        self.takes_each()

    def test_gunicorn_takes_each(self) -> None:
        words = ["-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "2", "--threads", "4"]
        with self.log.open("w") as log:
            server = subprocess.Popen(
                [sys.executable, *words, "webhook:app"], cwd=HERE, env=self.environ(), stderr=log
            )
        self.addCleanup(self.stop, server)
        listening = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+)")
        wait_until(lambda: bool(listening.search(self.log.read_text())), "gunicorn")
        found = listening.search(self.log.read_text())
        assert found
        self.address = ("127.0.0.1", int(found[1]))
        self.takes_each()

    def stop(self, server: subprocess.Popen[Any]) -> None:
        server.terminate()  # its workers end with it
        server.wait(60)
        end(server)

    def takes_each(self) -> None:
        requests, wanted = [], []
        for number, example in enumerate(self.examples):
            body, event = example["body"].encode(), example["event"]
            asked = request(body, event, f"d-{number}", X_Hub_Signature_256=example["signature"])
            requests.append(asked.replace(b"Host: ", b"Connection: close\r\nHost: ", 1))
            wanted.append(commit(event, json.loads(body)))
        answers = asyncio.run(ask_all(self.address, requests, 8))
        for example, sha, (answer, _) in zip(self.examples, wanted, answers, strict=True):
            self.assertEqual(status(answer), 202 if sha else 200, (example["event"], answer))
        shas = {entry.sha for entry in self.queue.entries(limit=1000)}
        self.assertEqual(shas, {sha for sha in wanted if sha})
        print(f"{len(requests)} payloads, {len(shas)} commits queued")


if __name__ == "__main__":
    unittest.main()
