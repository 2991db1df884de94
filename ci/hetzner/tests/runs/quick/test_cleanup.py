"""Processes of an earlier run are found by their tag and stopped; a box loses more."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from lib.leftovers import cleanup, cleanup_command, half_written, snapshot
from lib.processes import kill, orphans, process_table

PATIENCE = 20.0  # seconds until a test gives up
DOOR = Path(cleanup.__file__).parents[1] / "cleanup.py"
DEAD = "r1-1"  # pid 1 did not start at the first tick of the clock under this number
LISTEN = """
import socket, sys
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
print(server.getsockname()[1], flush=True); sys.stdin.read()
"""


def live() -> str:
    return process_table.run_id(process_table.table(), os.getpid())


class CleanupTest(unittest.TestCase):
    """Everything that is killed here carries a marker that nothing else on the machine has."""

    def setUp(self) -> None:
        self.marker = f"marker-{uuid.uuid4().hex}"
        self.tag = f"CI_RUN_TAG_{uuid.uuid4().hex}"  # or a run beside us would stop our orphans
        self.look = process_table.table()
        self.assertFalse(process_table.driver_lives(self.look, DEAD))
        self.enterContext(mock.patch.object(process_table, "TAG", self.tag))
        # on a busy machine a process may take seconds to end by a TERM
        self.enterContext(mock.patch.object(kill, "GRACE", PATIENCE))
        self.enterContext(mock.patch.object(kill, "GIVE_UP", 2 * PATIENCE))

    def start(self, script: str, *, tag: str | None = None) -> subprocess.Popen[str]:
        """Start a shell script that has the marker in its command line and prints when ready."""
        environ = os.environ | ({} if tag is None else {self.tag: tag})
        child = subprocess.Popen(
            ["bash", "-c", script, self.marker],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.end, child)
        return child

    def end(self, child: subprocess.Popen[str]) -> None:
        child.kill()
        child.communicate()

    def sleeper(self, *, tag: str | None = None) -> subprocess.Popen[str]:
        """Start a process that ends with its standard input, and with nothing else of its own."""
        child = self.start("echo ready; read -r", tag=tag)
        self.ready(child)
        return child

    def ready(self, child: subprocess.Popen[str]) -> str:
        assert child.stdout is not None
        line = child.stdout.readline().strip()
        self.assertTrue(line, "the child ended before it was ready")
        return line

    def listener(self, *, tag: str | None = None) -> tuple[subprocess.Popen[str], int]:
        child = self.start(f"exec {sys.executable} -c '{LISTEN}' {self.marker}", tag=tag)
        return child, int(self.ready(child))

    def found(self, child: subprocess.Popen[str]) -> bool:
        return child.pid in [process.pid for process in orphans.find(self.look)]

    def assert_stopped(self, child: subprocess.Popen[str], by: int = signal.SIGTERM) -> None:
        self.assertEqual(child.wait(PATIENCE), -by)

    def assert_lives(self, child: subprocess.Popen[str]) -> None:
        self.assertIsNone(child.poll())


@contextlib.contextmanager
def said() -> Iterator[io.StringIO]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        yield out


class TestOrphans(CleanupTest):
    def test_process_of_a_dead_run_is_an_orphan(self) -> None:
        self.assertTrue(self.found(self.sleeper(tag=f"{DEAD}/job")))

    def test_process_of_a_live_run_is_none(self) -> None:
        self.assertFalse(self.found(self.sleeper(tag=f"{live()}/job")))

    def test_process_without_a_tag_or_with_a_stranger_s_is_none(self) -> None:
        for tag in (None, "", "deploy", "r1/job", "rx-1/job", f"{DEAD}/job:deploy"):
            with self.subTest(tag):
                self.assertFalse(self.found(self.sleeper(tag=tag)))

    def test_any_dead_run_in_the_chain_makes_an_orphan(self) -> None:
        for tag in (f"{DEAD}/a:{live()}/b", f"{live()}/a:{DEAD}/b"):
            with self.subTest(tag):
                self.assertTrue(self.found(self.sleeper(tag=tag)))

    def test_run_whose_pid_has_another_start_time_is_dead(self) -> None:
        self.assertTrue(self.found(self.sleeper(tag=f"r{os.getpid()}-1/job")))

    def test_descendant_that_shed_the_tag_is_an_orphan(self) -> None:
        child = self.start(f"env -u {self.tag} bash -c 'echo $$; read -r'; :", tag=f"{DEAD}/job")
        below = int(self.ready(child))
        self.assertEqual(self.look.tag(below), "")
        self.assertIn(below, [process.pid for process in orphans.find(self.look)])

    def test_we_and_our_ancestors_are_no_orphans(self) -> None:
        script = """
from lib.processes import orphans, process_table
import os
process_table.TAG = os.environ["WHICH"]
found = [process.pid for process in orphans.find(process_table.table())]
print([pid in found for pid in (os.getpid(), os.getppid())])
"""
        here = Path(cleanup.__file__).parents[2]
        child = self.start(
            f"cd {here} && WHICH={self.tag} {sys.executable} -c '{script}'; :", tag=f"{DEAD}/job"
        )
        self.assertEqual(self.ready(child), "[False, False]")


class TestPatterns(CleanupTest):
    def test_pattern_stops_matching_processes_on_the_box_and_no_other(self) -> None:
        other = self.sleeper()
        self.marker = f"marker-{uuid.uuid4().hex}"
        match = self.sleeper()
        done = cleanup.ci_pkill(self.marker, box=True)
        self.assert_stopped(match)
        self.assert_lives(other)
        self.assertEqual(len(done), 1)
        self.assertTrue(done[0].startswith(f"{match.pid} bash"), done)

    def test_pattern_kills_nothing_off_the_box_and_says_so(self) -> None:
        child = self.sleeper(tag=f"{DEAD}/job")
        with said() as out:
            self.assertEqual(cleanup.ci_pkill(self.marker, box=False), [])
        self.assert_lives(child)
        self.assertIn("not a CI box", out.getvalue())

    def test_setting_decides_whether_it_is_a_box(self) -> None:
        child = self.sleeper()
        with said(), mock.patch.dict(os.environ):
            os.environ.pop("CI_BOX", None)
            cleanup.ci_pkill(self.marker)
            self.assert_lives(child)
            os.environ["CI_BOX"] = "1"
            cleanup.ci_pkill(self.marker)
        self.assert_stopped(child)

    def test_process_that_ignores_term_or_is_stopped_is_killed(self) -> None:
        deaf = self.start("trap '' TERM; echo ready; read -r")
        frozen = self.start("trap '' TERM; echo ready; read -r")
        for child in (deaf, frozen):
            self.ready(child)
        frozen.send_signal(signal.SIGSTOP)
        with mock.patch.object(kill, "GRACE", 0.3):
            cleanup.ci_pkill(self.marker, box=True)
        self.assert_stopped(deaf, signal.SIGKILL)
        self.assert_stopped(frozen, signal.SIGKILL)

    def test_process_started_during_the_killing_is_found_too(self) -> None:
        respawn = f"trap 'bash -c \"read -r\" {self.marker} <&0 & echo $!; exit' TERM"
        child = self.start(
            f"{respawn}; echo ready; while read -rt 0.01 || (($? > 128)); do :; done"
        )
        self.ready(child)
        cleanup.ci_pkill(self.marker, box=True)
        second = self.look.read(int(self.ready(child)))
        self.assertFalse(second and second.alive)

    def test_live_run_and_its_descendants_are_spared(self) -> None:
        tagged = self.sleeper(tag=f"{live()}/job")
        shed = self.start(
            f"env -u {self.tag} bash -c 'echo $$; read -r' {self.marker}; :", tag=f"{live()}/job"
        )
        below = int(self.ready(shed))
        self.assertEqual(cleanup.ci_pkill(self.marker, box=True), [])
        for child in (tagged, shed):
            self.assert_lives(child)
        self.assertIsNotNone(self.look.read(below))

    def test_runner_of_a_live_run_is_spared(self) -> None:
        runner = self.sleeper()
        run = process_table.run_id(self.look, runner.pid)
        self.sleeper(tag=f"{run}/job")
        self.assertEqual(cleanup.ci_pkill(self.marker, box=True), [])
        self.assert_lives(runner)

    def test_orphan_below_a_live_run_is_not_spared(self) -> None:
        spared = self.sleeper(tag=f"{live()}/a")
        child = self.sleeper(tag=f"{live()}/a:{DEAD}/b")
        cleanup.ci_pkill(self.marker, box=True)
        self.assert_stopped(child)
        self.assert_lives(spared)

    def test_we_and_our_ancestors_are_spared(self) -> None:
        call = f"CI_BOX=1 {sys.executable} {DOOR} pkill {self.marker}"
        child = self.start(f"{call} >&2; echo code $?; read -r")
        self.assertEqual(self.ready(child), "code 0")
        self.assert_lives(child)

    def test_pattern_that_matches_everything_or_is_none_is_refused(self) -> None:
        for pattern in ("", "x*", "a|", "("):
            with self.subTest(pattern), self.assertRaisesRegex(ValueError, "expected a"):
                cleanup.ci_pkill(pattern, box=False)

    def test_survivors_are_named(self) -> None:
        child = self.sleeper()
        process = self.look.read(child.pid)
        assert process is not None
        wrong = process._replace(started=process.started + 1)  # no signal reaches it
        at_once = mock.patch.object(kill, "GRACE", 0.0)
        with said() as out, at_once, mock.patch.object(kill, "GIVE_UP", 0.1):
            self.assertEqual(cleanup.stop(self.look, lambda: [wrong]), [])
        self.assertIn(f"could not be stopped: {child.pid} ", out.getvalue())
        self.assert_lives(child)


class TestPorts(CleanupTest):
    def test_holder_is_stopped_on_the_box(self) -> None:
        child, port = self.listener()
        done = cleanup.kill_port(port, box=True)
        self.assert_stopped(child)
        self.assertEqual([line.split()[0] for line in done], [str(child.pid)])

    def test_client_of_the_port_is_left_alone(self) -> None:
        child, port = self.listener()
        client = self.start(f"exec 3<>/dev/tcp/127.0.0.1/{port}; echo ready; read -r")
        self.ready(client)
        cleanup.kill_port(port, box=True)
        self.assert_stopped(child)
        self.assert_lives(client)

    def test_stranger_is_named_and_left_alone_off_the_box(self) -> None:
        child, port = self.listener()
        with said() as out:
            self.assertEqual(cleanup.kill_port(port, box=False), [])
        self.assert_lives(child)
        self.assertIn(f"pid {child.pid}: ", out.getvalue())

    def test_holder_of_a_dead_run_is_stopped_off_the_box(self) -> None:
        child, port = self.listener(tag=f"{DEAD}/job")
        cleanup.kill_port(port, box=False)
        self.assert_stopped(child)

    def test_holder_of_a_live_run_is_left_alone_on_the_box(self) -> None:
        child, port = self.listener(tag=f"{live()}/job")
        with said() as out:
            self.assertEqual(cleanup.kill_port(port, box=True), [])
        self.assert_lives(child)
        self.assertIn("still held", out.getvalue())


class TestSnapshot(CleanupTest):
    def test_snapshot_shows_the_machine_and_no_secret(self) -> None:
        secret = f"ghp_{uuid.uuid4().hex}"
        child = self.start(f"echo ready; read -r; : {secret}")
        self.ready(child)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "snapshots.txt")
            path.write_text("from before\n")
            with mock.patch.dict(os.environ, GITHUB_TOKEN=secret):
                snapshot.snapshot_container_state("before the run", path)
            text = path.read_text()
        self.assertTrue(text.startswith("from before\n=== before the run "), text[:80])
        titles = ["processes", "listening ports", "/tmp", "memory", "file descriptors"]
        for title in [*titles, *(["/dev/shm"] if Path("/dev/shm").is_dir() else [])]:
            self.assertIn(f"--- {title}", text)
        (line,) = [line for line in text.splitlines() if line.startswith(f"{child.pid} ")]
        self.assertIn(": ***", line)
        self.assertNotIn(secret, text)


class TestStaleFiles(unittest.TestCase):
    def test_only_matching_files_are_removed_and_links_are_not_followed(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            (root / "pw-1" / "deep").mkdir(parents=True)
            (root / "kept").mkdir()
            (root / "kept" / "file").touch()
            (root / "pw-link").symlink_to(root / "kept")
            done = cleanup._remove_stale(root, ("pw-*",))
            left = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
        self.assertEqual(sorted(done), [f"removed {root}/pw-1", f"removed {root}/pw-link"])
        self.assertEqual(left, ["kept", "kept/file"])


class TestProgram(unittest.TestCase):
    def test_misuse_exits_2_and_says_why(self) -> None:
        cases: tuple[list[str], ...] = (
            [],
            ["port", "x"],
            ["port", "0"],
            ["port", "65536"],
            ["pkill"],
            ["pkill", ""],
        )
        for arguments in cases:
            with self.subTest(arguments), contextlib.redirect_stderr(io.StringIO()) as out:
                self.assertEqual(cleanup_command.main(arguments, cleanup.KnownLeftovers), 2)
                self.assertTrue(out.getvalue())


class SweepState(unittest.TestCase):
    def test_half_written_files_of_dead_runs_go_and_all_else_stays(self) -> None:
        state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        half_written.sweep_state(state)  # before the first run
        kept, gone = [], []
        for place in ("outbox", "runs/one", "runs/two"):
            (state / place).mkdir(parents=True)
            kept.append(state / place / "summary.json")
            gone.append(state / place / ".summary.json.0123456789abcdef.writing")
        (state / "elsewhere").mkdir()
        kept.append(state / "elsewhere" / gone[0].name)
        (state / "runs" / "link").symlink_to(state / "elsewhere")
        for path in (*kept, *gone):
            path.touch()
        half_written.sweep_state(state)
        self.assertEqual([path for path in (*kept, *gone) if not path.exists()], gone)

    def test_what_cannot_be_read_is_passed_over(self) -> None:
        state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (state / "runs").touch()
        half_written.sweep_state(state)

    def test_only_the_runs_that_began_last_are_looked_into(self) -> None:
        state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for number in range(3):
            directory = state / "runs" / str(number)
            directory.mkdir(parents=True)
            (directory / ".a.0123456789abcdef.writing").touch()
        with mock.patch.object(half_written, "LATEST", 2):
            half_written.sweep_state(state)
        self.assertEqual([p.parent.name for p in state.rglob("*.writing")], ["0"])


if __name__ == "__main__":
    unittest.main()
