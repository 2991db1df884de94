"""The log of a job by a command: as it is, while it grows, over retries, on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import unittest

from tests.support.asked_case import Asked

GATE = "touch up; while [ ! -e go ]; do sleep 0.02; done"
COUNTS = (
    "n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) >n; seq $((n*1000+1)) $((n*1000+500)); "
    "sleep 0.3; echo last $n; [ $n = 2 ]"
)
RETRIED = f"""[
    Job("first", "{GATE}"),
    Job("j", "{COUNTS}", ["first"], retries=2),
    Job("after", "while [ ! -e done ]; do sleep 0.02; done", ["j"]),
]"""


class Follow(Asked):
    def test_log_is_followed_over_all_attempts_until_the_job_has_ended(self) -> None:
        run = self.begin_gated(RETRIED)
        follower = self.asks("logs", "-f", "j")
        assert follower.stderr
        self.assertEqual(follower.stderr.readline(), b"--- j has not started yet\n")
        (self.root / "go").touch()
        out, errors = follower.communicate(timeout=60)
        numbers = [f"{n * 1000 + i}" for n in range(3) for i in range(1, 501)]
        told = [line for line in out.decode().splitlines() if not line.startswith("last")]
        self.assertEqual(told, numbers)
        self.assertEqual(follower.returncode, 0)
        self.assertIn("log 3 of its attempts", errors.decode())
        self.assertIsNone(run.poll(), "it waited for the end of the run")
        (self.root / "done").touch()
        run.communicate(timeout=60)
        self.assertEqual(self.answer("logs", "j").splitlines()[-1], "last 2")
        self.assertEqual(self.answer("logs", "j", "--attempt", "1").splitlines()[-1], "last 0")
        self.assertIn("there are 3", self.answer("logs", "j", "--attempt", "4", code=1))

    def test_log_of_the_run_is_followed_until_its_end(self) -> None:
        self.begin_gated(RETRIED)
        follower = self.asks("logs", "-f", "ci")
        for gate in ("go", "done"):
            (self.root / gate).touch()
        out, _ = follower.communicate(timeout=60)
        self.assertIn(b"END   exit code 0", out)

    def test_job_that_never_starts_ends_the_wait_with_its_reason(self) -> None:
        self.begin_gated(f'[Job("a", "{GATE}; exit 1"), Job("b", "true", ["a"])]')
        follower = self.asks("logs", "-f", "b")
        (self.root / "go").touch()
        _, errors = follower.communicate(timeout=60)
        self.assertEqual(follower.returncode, 1)
        self.assertRegex(errors, b"b has no log in .*: dependency failed: a")

    def test_kill_of_the_run_ends_the_wait(self) -> None:
        run = self.begin_gated(f'[Job("a", "echo said; {GATE}")]')
        follower = self.asks("logs", "-f", "a")
        run.kill()
        self.assertEqual(follower.communicate(timeout=60), (b"said\n", b""))
        (self.root / "go").touch()

    def test_signal_ends_only_the_command(self) -> None:
        run = self.begin_gated(f'[Job("a", "echo said; {GATE}")]')
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            follower = self.asks("logs", "-f", "a")
            assert follower.stdout
            follower.stdout.readline()
            follower.send_signal(number)
            _, errors = follower.communicate(timeout=60)
            self.assertEqual(follower.returncode, code)
            self.assertNotIn(b"Traceback", errors)
        self.assertIsNone(run.poll())
        (self.root / "go").touch()
        self.assertEqual(run.wait(60), 0)

    def test_reader_that_goes_away_ends_it(self) -> None:
        self.begin_gated(f'[Job("a", "echo said; {GATE}; sleep 0.2; echo more; sleep 60")]')
        follower = self.asks("logs", "-f", "a")
        assert follower.stdout and follower.stderr
        self.assertEqual(follower.stdout.readline(), b"said\n")
        follower.stdout.close()
        (self.root / "go").touch()
        self.assertEqual(follower.wait(60), 141)
        self.assertEqual(follower.stderr.read(), b"")


class Shown(Asked):
    BYTES = b"\x1b[31mred\x1b[0m \x1b[2J\x07 \xff\xfe\r\n"

    def setUp(self) -> None:
        super().setUp()
        (self.root / "bytes").write_bytes(self.BYTES)
        self.write_and_run('[Job("a", "cat bytes"), Job("big", "seq 200000"), Job("b", "true")]')

    def write_and_run(self, jobs: str) -> None:
        self.assertEqual(self.begin(jobs).wait(60), 0)

    def test_pipe_gets_the_bytes_as_they_are(self) -> None:
        self.assertEqual(self.asks("logs", "a").communicate(timeout=60), (self.BYTES, b""))

    def test_terminal_gets_colours_and_no_other_control(self) -> None:
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        done = subprocess.run(
            [sys.executable, "ci.py", "logs", "a"],
            cwd=self.root,
            stdout=theirs,
            timeout=60,
            check=False,
        )
        os.close(theirs)
        self.assertEqual(done.returncode, 0)
        seen = b""
        while not seen.endswith(b"\x1b[0m"):
            seen += os.read(ours, 1000)
        self.assertEqual(seen, b"\x1b[31mred\x1b[0m \xc2\xb7 \xef\xbf\xbd\xef\xbf\xbd\r\n\x1b[0m")

    def test_head_of_a_large_log_is_no_error(self) -> None:
        done = subprocess.run(
            ["bash", "-c", '"$0" ci.py logs big | head -1; echo ${PIPESTATUS[0]}', sys.executable],
            cwd=self.root,
            capture_output=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((done.stdout, done.stderr), (b"1\n141\n", b""))

    def test_unknown_job_gets_the_nearest_and_no_path_is_opened(self) -> None:
        self.assertIn("did you mean 'big'?", self.answer("logs", "bgi", code=1))
        for name in ("../../../ci", "/etc/passwd", "x\x1b[2J", "", "."):
            self.assertIn("expected a job", self.answer("logs", name, code=1))

    def test_job_without_output_prints_nothing(self) -> None:
        self.assertEqual(self.answer("logs", "b"), "")


if __name__ == "__main__":
    unittest.main()
