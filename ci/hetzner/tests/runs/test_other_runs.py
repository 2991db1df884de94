"""Runs of one machine beside each other: whatever their users and directories, a port is of one."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from collections.abc import Sequence
from typing import Any
from unittest import mock

from lib.machine.register import live_runs
from tests.support.run_case import HERE, LINUX, RunTest
from tests.support.waiting import wait_until

NOBODY = 5_000_000 + os.getpid()  # a user that has nothing else on this machine
PROGRAM = """
import json, os, sys
from dsl import Job, Pipeline
name, cwd, jobs, *words = sys.argv[1:]
pools = {"cpu": 2, "memory": 2}
durations = json.loads(os.environ.get("DURATIONS", "{}"))
made = Pipeline(
    eval(jobs), "sha", "main", f"{cwd}/{name}-logs", cwd=cwd, grace=0.3, resources=pools,
    durations=durations,
)
sys.exit(made.main(words))
"""
# paths that the user cannot reach are put where it can
AS_USER = r"""
mount -t tmpfs none /mnt; mkdir /mnt/python /mnt/hetzner
mount --bind "$PREFIX" /mnt/python; mount --bind "$PYTHONPATH" /mnt/hetzner
export PYTHONPATH=/mnt/hetzner LD_LIBRARY_PATH=/mnt/python/lib
exec setpriv --reuid="$NOBODY" --regid="$NOBODY" --clear-groups /mnt/python/bin/python3 "$@"
"""
USER = ("unshare", "-m", "bash", "-c", AS_USER, "bash")


class Beside(RunTest):
    def setUp(self) -> None:
        super().setUp()
        self.place = self.cwd / "place"
        (self.cwd / "t").touch()

    def start(self, name: str, body: str, *ports: int, **options: Any) -> subprocess.Popen[bytes]:
        """Start a run with one job of the same name that takes ports."""
        return self.start_jobs(name, f"[{job(name, body, *ports)}]", **options)

    def start_jobs(
        self,
        name: str,
        jobs: str,
        *words: str,
        through: Sequence[str] = (sys.executable,),
        **variables: str,
    ) -> subprocess.Popen[bytes]:
        """Start a run of jobs in a process whose directories are all its own."""
        own = self.cwd / f"own-{name}"
        own.mkdir()
        own.chmod(0o777)
        places = ("HOME", "TMPDIR", "CI_STATE_DIR", "XDG_CACHE_HOME")
        process = subprocess.Popen(
            [*through, "-c", PROGRAM, name, str(self.cwd), jobs, *words],
            env={
                **os.environ,
                **dict.fromkeys(places, str(own)),
                "CI_MACHINE_DIR": str(self.place),
                "PYTHONPATH": str(HERE),
                "PREFIX": sys.base_prefix,
                "NOBODY": str(NOBODY),
                **variables,
            },
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.addCleanup(_end, process)
        return process

    def holder(self, *ports: int, more: str = "") -> subprocess.Popen[bytes]:
        """Start a run that goes on until there is a file `go`."""
        body = f"{more} echo one in >>t; {waits_for('go')}; echo out >>t"
        process = self.start("one", body, *ports)
        wait_until(lambda: bool(self.story()), "the first to start")
        return process

    def story(self) -> list[str]:
        return (self.cwd / "t").read_text().split("\n")[:-1]

    def notes(self, name: str) -> list[str]:
        log = self.cwd / f"{name}-logs" / "ci.log"
        return re.findall(r"NOTE  (.*)", log.read_text() if log.exists() else "")


def job(name: str, body: str, *ports: int, needs: Sequence[str] = (), **more: Any) -> str:
    """Return the source of a job that takes ports."""
    resources = {"cpu": 1, **{f"port:{port}": 1 for port in ports}}
    return f"Job({name!r}, {body!r}, {[*needs]}, resources={resources}, **{more})"


def waits_for(name: str) -> str:
    """Return a command that waits for a file, and ends the script when its directory goes.

    A script that went on would write into the directory while it is being removed.
    """
    return f"while [[ ! -e {name} ]]; do [[ -e t ]] || exit 0; sleep 0.02; done"


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()


class Ports(Beside):
    def both(self, through: Sequence[str] = (sys.executable,)) -> None:
        one = self.holder(8889, 8890)
        two = self.start("two", "echo two in >>t", 8889, through=through)
        wait_until(lambda: bool(self.notes("two")), "the second to wait")
        (note,) = self.notes("two")
        self.assertRegex(note, rf"^two waits for port:8889, held by pid {one.pid} \(-c one /")
        self.assertEqual(self.story(), ["one in"])
        (self.cwd / "go").touch()
        self.assertEqual([one.wait(60), two.wait(60)], [0, 0])
        self.assertEqual(self.story(), ["one in", "out", "two in"])
        summary = (self.cwd / "two-logs" / "summary.json").read_text()
        self.assertIn(f'"waited_for": "port:8889, held by pid {one.pid} ', summary)
        self.assertEqual([path.name for path in self.place.iterdir()], ["ledger"])

    def test_two_runs_with_one_port_run_one_after_the_other(self) -> None:
        self.both()

    @unittest.skipUnless(LINUX and os.getuid() == 0, "only root can be another user")
    def test_run_of_another_user_waits_too(self) -> None:
        for path in (self.cwd, self.cwd / "t"):
            path.chmod(0o777)
        self.both(USER)

    def test_killed_run_frees_its_port_though_its_job_lives_on(self) -> None:
        one = self.holder(8889, more="echo $$ >pid;")
        pid = int((self.cwd / "pid").read_text())
        self.addCleanup(_kill, pid)
        one.kill()
        one.wait()
        two = self.start("two", "kill -0 $(<pid) && echo two in >>t", 8889)
        self.assertEqual(two.wait(60), 0)
        self.assertEqual((self.story(), self.notes("two")), (["one in", "two in"], []))

    def test_runs_that_take_two_ports_in_any_order_never_block_each_other(self) -> None:
        alone = "[[ ! -s t ]] && echo >t && sleep 0.01 && : >t || exit 1"
        body = f"for n in 1 2 3; do {alone}; done"
        many = [self.start(f"r{n}", body, *(8889, 8890)[:: n % 2 * 2 - 1]) for n in range(6)]
        self.assertEqual([process.wait(60) for process in many], [0] * 6)

    def test_job_that_is_not_to_wait_fails_by_name(self) -> None:
        one = self.holder(8889)
        two = self.start_jobs("two", f"[{job('two', 'echo two in >>t', 8889)}]", "--no-wait")
        self.assertEqual(two.wait(60), 1)
        self.assertEqual(self.story(), ["one in"])
        log = (self.cwd / "two-logs" / "ci.log").read_text()
        self.assertIn(f"CAUSE two: needs port:8889, held by pid {one.pid} (", log)
        self.assertIn("not to wait for others (--no-wait)", log)

    def test_job_that_waits_is_cancelled_by_a_signal(self) -> None:
        self.holder(8889)
        two = self.start("two", "echo two in >>t", 8889)
        wait_until(lambda: bool(self.notes("two")), "the second to wait")
        two.send_signal(signal.SIGTERM)
        self.assertEqual(two.wait(60), 128 + signal.SIGTERM)
        self.assertEqual(self.story(), ["one in"])


class Services(Beside):
    def test_of_two_runs_whose_services_hold_what_the_other_needs_the_younger_gives_way(
        self,
    ) -> None:
        runs = []
        for name, mine, theirs in (("a", 8889, 8890), ("b", 8890, 8889)):
            service: dict[str, Any] = {"service": True, "outputs": {"up": f"up-{name}"}}
            both = "until [[ -e up-a && -e up-b ]]; do sleep 0.02; done"
            jobs = [
                job("serve", f"touch up-{name}; sleep 1000", mine, **service),
                job("both", both, needs=["serve"]),
                job("use", "true", theirs, needs=["serve", "both"]),
            ]
            runs.append(self.start_jobs(name, f"[{', '.join(jobs)}]"))
            wait_until((self.cwd / f"up-{name}").exists, f"the service of {name}")
        self.assertEqual([run.wait(60) for run in runs], [0, 1])
        log = (self.cwd / "b-logs" / "ci.log").read_text()
        self.assertRegex(log, r"CAUSE use: needs port:8889, held by pid \d+ .*wait for ever")


class Pools(Beside):
    def test_runs_that_say_so_share_the_processors(self) -> None:
        # the first waits for a second one; a third would come in the time that they stay
        two = "until (($(grep -c in t) > 1)); do sleep 0.02; done"
        jobs = [job(f"j{n}", f"echo in >>t; {two}; sleep 0.2; echo out >>t") for n in range(2)]
        runs = [
            self.start_jobs(f"r{n}", f"[{', '.join(jobs)}]", CI_MACHINE_POOLS="1") for n in "ab"
        ]
        self.assertEqual([run.wait(60) for run in runs], [0, 0])
        at_once, most = 0, 0
        for line in self.story():
            at_once += 1 if line == "in" else -1
            most = max(most, at_once)
        self.assertEqual((len(self.story()), most), (8, 2))


class Register(Beside):
    def test_register_shows_who_runs_and_who_waits(self) -> None:
        one = self.holder(8889)
        two = self.start("two", "true", 8889)
        wait_until(lambda: bool(self.notes("two")), "the second to wait")
        with mock.patch.dict(os.environ, {"CI_MACHINE_DIR": str(self.place)}):
            first, second = live_runs()
        self.assertEqual([first.pid, second.pid], [one.pid, two.pid])
        self.assertEqual(first.log_dir, str(self.cwd / "one-logs"))
        self.assertRegex(second.waits[0].held_by, f"port:8889, held by pid {one.pid} ")

    def test_expected_end_is_kept_up_to_date(self) -> None:
        jobs = [job("a", waits_for("go")), job("b", waits_for("end"), needs=["a"])]
        self.start_jobs("two", f"[{', '.join(jobs)}]", DURATIONS='{"a": 500, "b": 300}')
        with mock.patch.dict(os.environ, {"CI_MACHINE_DIR": str(self.place)}):

            def left() -> float:
                """Return the seconds until the expected end, 0 if it is unknown."""
                ends = [run.expected_end for run in live_runs()]
                return (ends[0] or time.time()) - time.time() if ends else 0.0

            wait_until(lambda: 700 < left() <= 800, "an expected end")
            (self.cwd / "go").touch()
            wait_until(lambda: 0 < left() <= 300, "an end that is sooner")
        (self.cwd / "end").touch()

    @unittest.skipUnless(LINUX and os.getuid() == 0, "only an ordinary user is kept out")
    def test_run_that_may_not_use_the_place_says_so_and_goes_on(self) -> None:
        self.cwd.chmod(0o777)
        self.place.mkdir(mode=0o755)
        two = self.start("two", "true", 8889, through=USER)
        self.assertEqual(two.wait(60), 0)
        (note,) = self.notes("two")
        self.assertRegex(note, "do not know of this one.*place cannot be used: Permission denied")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
