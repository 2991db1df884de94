"""SIGKILL of the queue's worker at random instants, while commits are pushed and cancelled.

`CI_FAULT_REPEAT` scales the number of instants; `CI_FAULT_SEED` draws those of another time again.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
import unittest
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import ENDED, State
from tests.support import github_server
from tests.support.fault_case import REPEAT
from tests.support.github_server import TOKEN
from tests.support.worker_case import WorkerCase

INSTANTS = 100 * REPEAT  # with each Python that the faults are checked with
LATEST = 0.2  # seconds from the start of a worker to its end
NURSERY = Path(__file__).parents[1] / "support" / "worker_nursery.py"
BRANCHES = ("main", "topic", "other", "release")
FINAL = {State.PASSED: "success", State.FAILED: "failure"}
# a run of 20 to 80 ms; its lock shows whether another one of its entry goes on, and it tells GitHub
RUN = r"""
exec 9>"$root/running-$sha"
flock -n 9 || echo "$sha" >>"$root/overlaps"
echo "20260101T000000Z-${sha:0:7}" >"$name_to"
read -r -t "0.0$((RANDOM % 7 + 2))" _
(( $? > 128 )) || exit 143
state=success code=0
[[ $sha != *[0-4] ]] || state=failure code=1
body="{\"state\":\"$state\",\"context\":\"ci/hetzner\",\"description\":\"ran\"}"
exec 8<>"/dev/tcp/127.0.0.1/$GITHUB_PORT"
printf '%s\r\n' "POST /repos/o/n/statuses/$sha HTTP/1.1" 'Host: localhost' \
  "Authorization: Bearer $GITHUB_TOKEN" 'User-Agent: run' 'X-GitHub-Api-Version: 2022-11-28' \
  'Accept: application/vnd.github+json' "Content-Length: ${#body}" '' >&8
printf '%s' "$body" >&8
read -r answer <&8
exit $code"""


class AtRandomInstants(WorkerCase):
    def setUp(self) -> None:
        super().setUp()
        self.github = self.enterContext(github_server.serve())
        self.seed = int(os.environ.get("CI_FAULT_SEED", random.randrange(10**9)))
        self.draw = random.Random(self.seed)
        self.pushed: list[int] = []
        self.output = self.root / "workers.txt"
        self.variables = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPO": "o/n",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_PORT": str(self.github.server_address[1]),
        }

    def test_each_entry_ends_once_runs_alone_and_is_told_of(self) -> None:
        print(f"CI_FAULT_SEED={self.seed}", file=sys.stderr)
        with self.nursery() as nursery:
            for turn in range(INSTANTS):
                self.push_some()
                self.kill_one(nursery, self.draw.uniform(0, LATEST), turn)
        said = self.once(RUN)
        for _ in range(20):  # each posts for ten seconds at most, and leaves the rest to the next
            if self.queue.statuses():
                said += self.once(RUN)
        with self.subTest(seed=self.seed, said=said):
            self.check()

    # ---- the turns

    @contextlib.contextmanager
    def nursery(self) -> Iterator[subprocess.Popen[str]]:
        with (
            self.output.open("w") as errors,
            subprocess.Popen(
                [sys.executable, str(NURSERY)],
                env=self.environ(RUN),
                cwd=self.root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            yield process
            assert process.stdin is not None
            process.stdin.close()
            self.assertEqual(process.wait(60), 0, self.output.read_text())

    def kill_one(self, nursery: subprocess.Popen[str], instant: float, turn: int) -> None:
        """Start a worker, push on, and kill it."""
        assert nursery.stdin is not None and nursery.stdout is not None
        nursery.stdin.write("\n")
        nursery.stdin.flush()
        pid = int(nursery.stdout.readline())
        end = time.monotonic() + instant
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
            self.push_some()
        self.assertTrue(self.look.read(pid), self.output.read_text())
        os.kill(pid, 9)
        self.assertEqual(nursery.stdout.readline(), "gone\n", turn)

    def push_some(self) -> None:
        for _ in range(self.draw.randrange(2)):
            sha = f"{self.draw.randrange(16**40):040x}"
            branch = self.draw.choice(BRANCHES)
            self.pushed.append(self.queue.push(Push(sha, Ref(branch), "webhook")).id)
        if self.pushed and self.draw.random() < 0.05:
            with contextlib.suppress(LookupError):
                self.queue.cancel(self.draw.choice(self.pushed[-5:]), "by hand")

    # ---- what holds in the end

    def check(self) -> None:
        entries = self.queue.entries(limit=10**6)
        self.assertEqual([entry.id for entry in reversed(entries)], self.pushed)
        self.assertEqual([entry for entry in entries if entry.state not in ENDED], [])
        self.assertFalse((self.root / "overlaps").exists(), "an entry ran twice at a time")
        self.assertEqual(self.queue.statuses(), [])
        last = dict(self.github.told)
        told = {entry.sha: FINAL.get(entry.state, "error") for entry in entries}
        self.assertEqual({sha: last.get(sha) for sha in told}, told)
        self.nothing_is_left()
        left = {path.name for path in (self.state / "queue").iterdir() if ".log" not in path.name}
        self.assertEqual(left, {"wake", "worker.lock"})
        ends = Counter(entry.state.value for entry in entries)
        print(f"{INSTANTS} kills: {dict(ends)}", file=sys.stderr)
        self.assertTrue(ends[State.PASSED] and ends[State.SUPERSEDED], ends)


if __name__ == "__main__":
    unittest.main()
