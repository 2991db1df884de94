"""The runner as root, as an ordinary user with few processes, as pid 1, and below another init."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import unittest

from tests.support.commit_stage import HETZNER
from tests.support.fault_case import CommitCase, Ended

# a user that has nothing else on this machine: a limit counts the processes of all that a user
# runs, and this suite may run beside itself, with another interpreter
NOBODY = 100_000 + os.getpid()
# paths that the user cannot reach are put where it can
AS_USER = r"""
mount -t tmpfs none /mnt; mkdir /mnt/python /mnt/hetzner
mount --bind "$PREFIX" /mnt/python; mount --bind "$HETZNER" /mnt/hetzner; shift 2
[[ -z ${HIDEPID:-} ]] || mount -t proc -o hidepid="$HIDEPID" proc /proc
# an interpreter that is built with --enable-shared looks for itself where it was installed
export STAGE_PYTHON=/mnt/python/bin/python3 LD_LIBRARY_PATH=/mnt/python/lib
exec setpriv --reuid="$NOBODY" --regid="$NOBODY" --clear-groups $LIMIT \
  /mnt/python/bin/python3 /mnt/hetzner/pipeline.py "$@"
"""
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
INIT = ["bash", "-c", '"$@"; code=$?; wait; exit "$code"', "init"]  # stays, and reaps


class Rights(CommitCase):
    def leaves(self) -> None:
        """Have two jobs leave processes behind, one of them out of every group."""
        self.body("test_js", f"{self.sleep} & setsid {self.sleep} & exit 0")
        self.body(
            "lint_python", f"setsid {self.stays()} & until [[ -e up ]]; do sleep 0.01; done; rm up"
        )

    def runs_well(self) -> None:
        self.leaves()
        self.check(self.commit(), 0, None, "LEAK  test-js left 2", "LEAK  lint-python left 1")
        self.assertEqual(self.status(), "success")
        self.next_run_is_unaffected()

    def ends_well(self, number: signal.Signals) -> None:
        """Interrupt it while a job runs that ignores TERM."""
        up = self.root / "up"
        self.body("test_js", f"trap '' TERM; setsid {self.stays(up)} & {self.sleep}")
        up.parent.chmod(0o777)
        with self.stage.start(through=self.through) as process:
            self.wait_until(up.exists, str(up))
            os.kill(self.runner(process.pid), number)
            out, errors = process.communicate(timeout=60)
        ended = Ended(process.returncode, self.stage.log_dir(), out + errors)
        self.check(ended, 128 + number, None, f"INTERRUPTED by {number.name}, running:.*test-js")
        self.assertEqual(self.status(), "error")
        self.body("test_js", "exit 0")
        self.next_run_is_unaffected()

    def runner(self, pid: int) -> int:
        """Return the process that runs pipeline.py, at or below another."""
        while not re.match(r"\S*python\S* \S*pipeline\.py", self.look.command(pid)):
            (pid,) = self.look.children(pid)
        return pid

    def as_user(self, limit: str = "") -> None:
        """Be an ordinary user from now on: the one that we are, or one that root becomes."""
        if os.getuid() != 0:
            self.through = ["prlimit", limit] if limit else []
            return
        subprocess.run(["chown", "-R", str(NOBODY), str(self.root)], check=True)
        self.stage.variables |= {
            "PREFIX": sys.base_prefix,
            "HETZNER": str(HETZNER),
            "NOBODY": str(NOBODY),
            "LIMIT": f"prlimit {limit}" if limit else "",
            # the test itself looks into a repository that is the user's now
            **{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory"},
            "GIT_CONFIG_VALUE_0": "*",
        }
        self.through = ["unshare", "-m", "bash", "-c", AS_USER, "bash"]

    def as_root(self) -> None:
        self.through = [] if os.getuid() == 0 else ["unshare", "-Ur"]

    def test_as_root(self) -> None:
        self.as_root()
        self.runs_well()
        self.ends_well(signal.SIGTERM)

    def test_as_an_ordinary_user(self) -> None:
        self.as_user()
        self.runs_well()
        self.ends_well(signal.SIGTERM)

    def test_directories_that_a_job_left_without_rights_hold_up_no_later_run(self) -> None:
        """New ones within each other, one that the next commit changes, and the tree itself."""
        kept = self.stage.repo / "kept" / "file"
        kept.parent.mkdir()
        commits = []
        for text in ("1", "2"):
            kept.write_text(text)
            commits.append(self.stage.commit(text))
        make = "mkdir -p a/b/c; touch a/b/c/f; chmod 0 a/b/c; chmod 500 a/b; chmod 555 a kept"
        self.body("test_js", f"{make}; ln -s / out; chmod 555 .; [[ ! -w . ]]")
        self.as_user()
        ran = self.stage.run(commits[0], through=self.through)
        self.assertEqual(ran.code, 0, ran.out)
        self.body("test_js", "ls -A; cat kept/file")
        ended = self.commit()
        self.check(ended, 0, None)
        seen = (ended.logs / "test-js.log").read_text().splitlines()
        self.assertEqual(seen[-1], "2")
        self.assertFalse({"a", "out"} & set(seen), seen)
        self.next_run_is_unaffected()

    def test_where_proc_hides_the_processes_of_others(self) -> None:
        for how in ("1", "2"):
            with self.subTest(hidepid=how):
                self.as_user()
                self.stage.variables["HIDEPID"] = how
                self.runs_well()

    def test_as_pid_1_of_a_namespace(self) -> None:
        self.through = NAMESPACE
        self.runs_well()
        self.ends_well(signal.SIGTERM)

    def test_below_another_init(self) -> None:
        self.through = [*NAMESPACE, *INIT]
        self.runs_well()
        self.ends_well(signal.SIGHUP)

    def test_every_limit_of_processes_is_red_or_enough(self) -> None:
        self.leaves()
        codes = set()
        for limit in (1, 2, 3, 4, 5, 6, 8, 12, 200):
            with self.subTest(limit=limit):
                self.as_user(f"--nproc={limit}:{limit}")
                ended = self.commit()
                codes.add(ended.code)
                self.assertIn(ended.code, (0, 1, 2), ended.console)
                self.assertNotIn("Traceback", ended.console)
                self.assertNotIn("BUG", ended.console)
                self.nothing_is_left()
        self.assertLessEqual({0, 1}, codes)
        self.as_user()
        self.next_run_is_unaffected()


if __name__ == "__main__":
    unittest.main()
