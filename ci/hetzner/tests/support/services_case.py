"""Receiver and worker of one box as programs, clients that deliver pushes, and GitHub's other end.

Whatever trouble a test makes, in the end each delivery that was taken has ended once, no two runs
were at one place or of one commit, and GitHub has the final status of each commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

from lib.commit_queue import paths
from lib.commit_queue.states import ENDED, State
from tests.support import github_server
from tests.support.github_server import TOKEN
from tests.support.nursery import Nursery, lives
from tests.support.receiver_process import ask, free_port, status
from tests.support.waiting import PATIENCE, wait_until
from tests.support.webhook_case import BEFORE, SECRET, pushed, request, requested
from tests.support.worker_case import WorkerCase

SERVICES = ("receiver", "worker")
WORKER = "pipeline.py queue worker --workers 2"
REPOSITORY = "o/n"
BRANCHES = ("main", "topic", "other", "release", "fix", "idea")  # a client for each
PAUSE = 0.1  # seconds at most from an answer to the next delivery of a client
FINAL = {State.PASSED: "success", State.FAILED: "failure"}
FILES = {"queue.db", "queue.db-wal", "queue.db-shm", "queue.lock", "queue", "runs"}
# a run of 20 to 80 ms, called as pipeline.py is; its locks show whether another one of its place or
# its commit goes on, and it tells GitHub
RUN = r"""
place=$4 name_to=$7 run=20260101T000000Z-${sha:0:7}
exec 9>"$root/place-$place"
flock -n 9 || echo "place $place" >>"$root/overlaps"
[[ ! ${8:-} ]] || exit 0  # it was to prepare the place
exec 7>"$root/commit-$sha"
flock -n 7 || echo "commit $sha" >>"$root/overlaps"
trap '' PIPE
tell() {
  local answer= body="{\"state\":\"$1\",\"context\":\"ci/hetzner\",\"description\":\"ran\"}"
  until [[ $answer == *' 201 '* ]]; do
    exec 8<>"/dev/tcp/127.0.0.1/$GITHUB_PORT"
    printf '%s\r\n' "POST /repos/o/n/statuses/$sha HTTP/1.1" 'Host: localhost' \
      "Authorization: Bearer $GITHUB_TOKEN" 'User-Agent: run' 'X-GitHub-Api-Version: 2022-11-28' \
      'Accept: application/vnd.github+json' "Content-Length: ${#body}" '' >&8
    printf '%s' "$body" >&8
    read -r -t 5 answer <&8
  done
}
mkdir -p "$CI_STATE_DIR/runs/$run"
echo "$run" >"$name_to"
tell pending
read -r -t "0.0$((RANDOM % 7 + 2))" _
(( $? > 128 )) || { sleep "0.0$((RANDOM % 10))"; exit 143; }  # it has jobs to end
state=success code=0
[[ $sha != *[0-4] ]] || state=failure code=1
tell "$state"
echo "{\"sha\": \"$sha\", \"exit_code\": $code}" >"$CI_STATE_DIR/runs/$run/summary.json"
exit $code"""


class ServicesCase(WorkerCase):
    """`under` has all that; `pids` are the services that live."""

    def setUp(self) -> None:
        super().setUp()
        self.github = self.enterContext(github_server.serve())
        self.seed = int(os.environ.get("CI_FAULT_SEED", random.randrange(10**9)))
        print(f"CI_FAULT_SEED={self.seed}", file=sys.stderr)
        self.draw = random.Random(self.seed)
        self.address = ("127.0.0.1", free_port(self.draw))
        self.output = self.root / "services.txt"
        self.template = f"bash {self.script}"
        self.variables = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPO": REPOSITORY,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_PORT": str(self.github.server_address[1]),
            "WEBHOOK_SECRET": SECRET,
        }
        self.pids: dict[str, int] = {}
        self.taken: dict[int, str] = {}  # entries that answers named, and the commits delivered
        self.numbers = itertools.count()  # of deliveries
        self.again = 0  # how often one was sent once more
        self.record_moves()

    def record_moves(self) -> None:
        """Have the database itself record each change of a state."""
        self.queue.push_all([])  # it has its tables now
        with contextlib.closing(sqlite3.connect(paths.database(self.state))) as database:
            database.executescript("""
                CREATE TABLE moves (entry, old, new);
                CREATE TRIGGER each_move AFTER UPDATE OF state ON entries
                BEGIN INSERT INTO moves VALUES (NEW.id, OLD.state, NEW.state); END""")

    def under(self, trouble: Callable[[], Awaitable[None]]) -> Counter[str]:
        """Deliver while there is trouble, and check what holds when all is done; return the ends.

        The services are ended as systemd does it.
        """
        try:
            with Nursery(self.environ(RUN), self.root, self.output) as self.nursery:
                asyncio.run(self.under_load(trouble))
                wait_until(self.is_idle, "a worker without work")
                for pid in self.pids.values():
                    os.kill(pid, signal.SIGTERM)
                wait_until(lambda: not any(map(lives, self.pids.values())), "their ends")
            return self.check()
        except BaseException:
            print(self.output.read_text()[-2000:], file=sys.stderr)
            raise

    # ---- the services and their clients

    def begin(self, name: str) -> None:
        """Start a service, as its unit of systemd does."""
        port = self.address[1]
        words = {"receiver": f"webhook.py --port {port}", "worker": WORKER}
        self.pids[name] = self.nursery.begin(words[name])

    async def kill(self, name: str) -> None:
        """Kill a service, and start it again at once, as systemd does."""
        self.assertTrue(lives(self.pids[name]), f"the {name} has ended")
        os.kill(self.pids[name], signal.SIGKILL)
        while lives(self.pids[name]):  # it holds the port, or the lock
            await asyncio.sleep(0.001)
        self.begin(name)

    async def under_load(self, trouble: Callable[[], Awaitable[None]]) -> None:
        for name in SERVICES:
            self.begin(name)
        self.over = False
        clients = [asyncio.create_task(self.client(branch)) for branch in BRANCHES]
        await trouble()
        self.over = True
        await asyncio.gather(*clients)

    async def client(self, branch: str) -> None:
        """Push to a branch again and again; a pull request tells of some of it, too."""
        draw, before = random.Random(f"{self.seed} {branch}"), BEFORE
        of = {"repository": {"full_name": REPOSITORY}}
        while not self.over:
            sha = f"{draw.getrandbits(160):040x}"
            push = pushed(ref=f"refs/heads/{branch}", before=before, after=sha, **of)
            number = await self.deliver(sha, "push", push)
            if draw.random() < 0.3:
                pull = requested("synchronize", REPOSITORY, sha=sha, ref=branch)
                await self.deliver(sha, "pull_request", pull | {"before": before} | of)
            if draw.random() < 0.05:
                with contextlib.suppress(LookupError):  # it has ended
                    await asyncio.to_thread(self.queue.cancel, number, "by hand")
            before = sha
            await asyncio.sleep(draw.uniform(0, PAUSE))

    async def deliver(self, sha: str, event: str, payload: object) -> int:
        """Deliver until it is taken, as GitHub does when it is asked to; return its entry."""
        sent = request(payload, event, f"d-{next(self.numbers)}")
        async with asyncio.timeout(PATIENCE):
            while status(answer := await ask(self.address, sent)) != 202:
                self.again += 1
                await asyncio.sleep(0.01)
        number = int(answer.rpartition(b" ")[2])
        self.assertEqual(self.taken.setdefault(number, sha), sha)
        return number

    # ---- what holds in the end

    def is_idle(self) -> bool:
        counts = self.queue.counts()
        return not (counts[State.WAITING] or counts[State.RUNNING] or self.queue.statuses())

    def check(self) -> Counter[str]:
        entries = {entry.id: entry for entry in reversed(self.queue.entries(limit=10**6))}
        self.assertEqual({number: entry.sha for number, entry in entries.items()}, self.taken)
        self.assertEqual(self.ends(), {number: entry.state for number, entry in entries.items()})
        last = {entry.sha: entry for entry in entries.values()}
        for entry in entries.values():  # an event of a pull request has such a commit run once more
            self.assertTrue(entry is last[entry.sha] or entry.state is State.CUT_OFF, entry)
        told = {sha: FINAL.get(entry.state, "error") for sha, entry in last.items()}
        self.assertEqual(dict(self.github.told), told)
        self.assertFalse((self.root / "overlaps").exists(), "two runs at a place, or of a commit")
        self.nothing_is_left()
        self.assertLessEqual({path.name for path in self.state.iterdir()}, FILES)
        left = {path.name for path in (self.state / "queue").iterdir() if ".log" not in path.name}
        self.assertEqual(left, {"wake", "worker.lock"})
        ends = Counter(entry.state.value for entry in entries.values())
        deliveries = f"{next(self.numbers)} deliveries, sent {self.again} times once more"
        statuses = f"{len(self.github.told)} statuses"
        print(f"{deliveries}; {statuses}; {dict(ends)}", file=sys.stderr)
        self.assertTrue(ends[State.PASSED] and ends[State.SUPERSEDED], ends)
        return ends

    def ends(self) -> dict[int, str]:
        """Return the last state of each entry; none has left an end."""
        states: dict[int, str] = {}
        with contextlib.closing(sqlite3.connect(paths.database(self.state))) as database:
            for entry, old, new in database.execute("SELECT * FROM moves ORDER BY rowid"):
                self.assertEqual(states.get(entry, State.WAITING), old, entry)
                self.assertNotIn(old, ENDED, entry)
                states[entry] = new
        return states
