"""The worker of the queue with real processes: starts, ends, and what it leaves: nothing."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import sys
import threading
import time
import unittest
from unittest import mock

from lib.commit_queue.states import State
from lib.processes import wait
from lib.queue_worker import run_processes
from lib.queue_worker.protocol import Gone
from lib.queue_worker.run_command import RunCommand
from lib.queue_worker.run_processes import RunProcesses
from tests.support import github_server
from tests.support.github_server import TOKEN
from tests.support.waiting import wait_until
from tests.support.worker_case import A, B, C, WorkerCase

NAMED = 'echo "20260101T000000Z-${sha:0:7}" >"$name_to"\n'
UNTIL_EOF = f"""{NAMED}
touch "$root/up-${{sha:0:1}}"
read -r _
touch "$root/eof-${{sha:0:1}}"
exit 143"""
WAIT_TO_GO = "until [[ -e $root/go ]]; do sleep 0.02; done"


class Ways(WorkerCase):
    def test_verdicts_names_and_logs_are_kept(self) -> None:
        passes, fails = self.push(A, "a"), self.push(B, "b")
        said = self.once(f"{NAMED} echo log of $sha on $branch at $place; [[ $sha == a* ]]")
        self.assertEqual((self.state_of(passes), self.state_of(fails)), ("passed", "failed"))
        found = self.queue.entry(passes.id)
        self.assertEqual((found.run, found.exit_code), ("20260101T000000Z-aaaaaaa", 0))
        log = self.state / "queue" / f"{passes.id}.log"
        self.assertEqual(log.read_text(), f"log of {A} on a at 1\n")
        self.assertRegex(
            said, rf"1 {A[:7]} a: started in place 1\n(.*\n)*1 {A[:7]} a: passed in \S+ s\n"
        )
        self.assertEqual([p.name for p in log.parent.glob("*.lock")], ["worker.lock"])
        self.assertEqual(list(log.parent.glob("*.name")), [])

    def test_run_of_a_part_by_another_program_makes_no_commit_green(self) -> None:
        report = 'mkdir -p "$CI_STATE_DIR/runs/$name"; cat >"$CI_STATE_DIR/runs/$name/summary.json"'
        for sha, whole, state in ((A, "false", "error"), (B, "true", "passed")):
            entry = self.push(sha, sha[0])
            self.once(f'{NAMED} name=$(cat "$name_to"); {report} <<<\'{{"whole": {whole}}}\'')
            self.assertEqual(self.state_of(entry), state)

    def test_push_wakes_a_worker_that_sleeps(self) -> None:
        with self.worker(f"{NAMED} :") as worker:
            wait_until(lambda: "worker" in self.lock_text(), "its lock")
            for sha in (A, B, C):
                self.becomes(self.push(sha, sha), State.PASSED)
            self.assertEqual(worker.stop(), 143)

    def lock_text(self) -> str:
        path = self.state / "queue" / "worker.lock"
        return path.read_text() if path.exists() else ""

    def test_name_is_known_while_the_run_goes_on(self) -> None:
        entry = self.push(A)
        with self.worker(UNTIL_EOF):
            wait_until(lambda: bool(self.queue.entry(entry.id).run), "its name")
            self.assertEqual(self.state_of(entry), State.RUNNING)

    def test_second_worker_names_the_first_and_ends(self) -> None:
        with self.worker(":") as first:
            wait_until(lambda: "worker" in self.lock_text(), "its lock")
            said = self.once(":", code=1)
            self.assertIn(f"queue worker (pid {first.process.pid}, since", said)

    def test_killed_worker_holds_no_lock(self) -> None:
        with self.worker(":") as first:
            wait_until(lambda: "worker" in self.lock_text(), "its lock")
            first.kill()
        self.assertIn(f"pid {first.process.pid}", self.lock_text())
        self.once(":")

    def test_several_run_at_a_time_and_each_has_a_pipe_of_its_own(self) -> None:
        """If the second inherited the pipe of the first, that would never end."""
        first, second = self.push(A, "a"), self.push(B, "b")
        with self.worker(UNTIL_EOF, "--workers", "2") as worker:
            self.there("up-a")
            self.there("up-b")
            self.queue.cancel(first.id, "by hand")
            self.becomes(first, State.CANCELLED)
            self.assertEqual(self.state_of(second), State.RUNNING)
            self.assertTrue((self.root / "eof-a").exists())
            self.assertEqual(worker.stop(), 143)
        self.assertEqual(self.state_of(second), State.WAITING)
        self.nothing_is_left()

    def test_command_inherits_its_three_streams_and_its_lock(self) -> None:
        entry = self.push(A)
        with self.worker(f'{NAMED} ls -l /proc/$$/fd >"$root/fds"; touch "$root/done"; read -r _'):
            self.there("done")
            text = (self.root / "fds").read_text()
        places = [line.rpartition(" -> ")[2] for line in text.splitlines() if " -> " in line]
        files = {p for p in places if p.startswith(str(self.state))}
        queue = self.state / "queue"
        self.assertEqual(files, {f"{queue}/{entry.id}.log", f"{queue}/entry-{entry.id}.lock"})
        self.assertEqual(len({p for p in places if p.startswith("pipe:")}), 1)

    def test_secrets_of_services_and_the_token_of_silent_entries_stay_with_the_worker(self) -> None:
        self.push(A, "a")
        self.push(B, "b", speaks=False)
        token = "ghp_0123456789"
        self.once(
            f'{NAMED} env >"$root/env-$branch"',
            GITHUB_TOKEN=token,
            GITHUB_API_URL="http://127.0.0.1:9",
            WEBHOOK_SECRET="a secret of webhooks",
            CI_READ_TOKEN="a secret of readers",
            CI_PING_URL="https://example.org/a-secret-of-the-switch",
            NOTIFY_SOCKET="/nonexistent/notify",
        )
        speaks, silent = ((self.root / f"env-{b}").read_text().splitlines() for b in "ab")
        self.assertIn(f"GITHUB_TOKEN={token}", speaks)
        self.assertIn("GITHUB_TOKEN=", silent)
        for name in ("WEBHOOK_SECRET", "CI_READ_TOKEN", "CI_PING_URL", "NOTIFY_SOCKET"):
            self.assertFalse([line for line in speaks if line.startswith(name)])
        self.assertIn(f"CI_STATE_DIR={self.state}", speaks)


class Ends(WorkerCase):
    def test_newer_push_ends_the_run_by_its_input(self) -> None:
        older = self.push(A)
        with self.worker(UNTIL_EOF):
            self.there("up-a")
            newer = self.push(B)
            self.becomes(older, State.SUPERSEDED)
            self.there("up-b")
            self.assertEqual(self.state_of(newer), State.RUNNING)

    def test_command_that_ignores_all_and_forks_twice_leaves_no_process(self) -> None:
        entry = self.push(A)
        stubborn = r"""
            trap '' TERM HUP INT
            (setsid bash -c 'trap "" TERM; (exec -a away env -i sleep 1000) & sleep 1000' &)
            touch "$root/up"
            while :; do sleep 1000; done"""
        with self.worker(f"{NAMED} {stubborn}", patience="0.2 0.4"):
            self.there("up")
            self.queue.cancel(entry.id, "by hand")
            self.becomes(entry, State.CANCELLED)
            self.nothing_is_left()

    def test_processes_that_a_command_left_are_ended(self) -> None:
        entry = self.push(A)
        is_one = "until grep -qx sleep /proc/$!/comm; do sleep 0.01; done"  # it was a shell
        said = self.once(f"{NAMED} (setsid sleep 1000 & {is_one}); exit 0")
        self.assertEqual(self.state_of(entry), State.PASSED)
        self.assertRegex(said, r"its command left a process, which was ended: \d+ .*sleep 1000")
        self.nothing_is_left()

    def test_stopped_worker_loses_nothing(self) -> None:
        entry = self.push(A)
        for _ in range(3):
            with self.worker(UNTIL_EOF) as worker:
                self.there("up-a").unlink()
                self.assertEqual(worker.stop(), 143)
            self.assertEqual(self.state_of(entry), State.WAITING)
            self.assertEqual(self.queue.entry(entry.id).tries, 0)
        self.once(f"{NAMED} :")
        self.assertEqual(self.state_of(entry), State.PASSED)
        self.nothing_is_left()

    def test_second_signal_ends_the_commands_by_force(self) -> None:
        entry = self.push(A)
        with self.worker(f"{NAMED} trap '' TERM; touch \"$root/up\"; sleep 1000") as worker:
            self.there("up")
            worker.process.send_signal(signal.SIGTERM)
            worker.says("asks all runs to end")
            self.assertEqual(worker.stop(), 143)
        self.assertEqual(self.state_of(entry), State.WAITING)
        self.nothing_is_left()

    def test_drained_queue_cuts_nothing_and_starts_nothing(self) -> None:
        entry, waits = self.push(A, "a"), self.push(B, "b")
        script = f'{NAMED} touch "$root/up"; {WAIT_TO_GO}'
        with self.worker(script, "--once") as worker:
            self.there("up")
            self.queue.set_mode("draining")
            (self.root / "go").touch()
            self.assertEqual(worker.process.wait(60), 1)  # since one waits
        self.assertEqual((self.state_of(entry), self.state_of(waits)), ("passed", "waiting"))


class Crashes(WorkerCase):
    def crash(self, script: str, **more: str) -> None:
        with self.worker(script, **more) as worker:
            self.there("up-a").unlink()
            worker.kill()

    def test_entry_of_a_killed_worker_waits_once_more_then_it_is_cut_off(self) -> None:
        entry = self.push(A)
        self.crash(UNTIL_EOF)
        self.crash(UNTIL_EOF)
        said = self.once(f"{NAMED} :")
        self.assertEqual(self.state_of(entry), State.CUT_OFF)
        self.assertIn(f"1 {A[:7]} topic: cut off", said)
        self.nothing_is_left()

    def test_nothing_starts_while_a_run_of_a_killed_worker_lives(self) -> None:
        entry = self.push(A)
        lives = (
            f'{NAMED} touch "$root/up-a"; read -r _; until [[ -e $root/go ]]; do sleep 0.02; done'
        )
        self.crash(lives)
        with self.worker(f"{NAMED} :", "--once") as worker:
            worker.says(
                "nothing is started: waits for the end of what an earlier worker left: entry 1"
            )
            self.assertIn("earlier worker", self.queue.message())
            self.assertEqual(self.state_of(entry), State.WAITING)
            (self.root / "go").touch()
            self.assertEqual(worker.process.wait(60), 0)
        self.assertEqual((self.state_of(entry), self.queue.message()), ("passed", ""))

    def test_run_of_a_killed_worker_that_does_not_end_is_ended(self) -> None:
        entry = self.push(A)
        self.crash(f"{NAMED} trap '' TERM; (setsid sleep 1000 &); touch \"$root/up-a\"; sleep 1000")
        said = self.once(f"{NAMED} :", patience="0.1 0.3")
        self.assertIn("an earlier worker left a process, which was ended", said)
        self.assertEqual(self.state_of(entry), State.PASSED)
        self.nothing_is_left()

    def test_run_that_the_kernel_kills_starts_once_more(self) -> None:
        entry = self.push(A)
        self.once(f"{NAMED} [[ -e $root/second ]] || {{ touch $root/second; kill -9 $$; }}")
        self.assertEqual(self.state_of(entry), State.PASSED)
        self.assertEqual(self.queue.entry(entry.id).tries, 2)

    def test_worker_whose_lock_is_removed_ends(self) -> None:
        entry = self.push(A)
        with self.worker(UNTIL_EOF) as worker:
            self.there("up-a")
            (self.state / "queue" / "worker.lock").unlink()
            self.assertEqual(worker.process.wait(60), 1)
            self.assertIn("was removed", worker.output)
        self.assertEqual(self.state_of(entry), State.WAITING)


class Obstacles(WorkerCase):
    def test_disk_without_room_starts_nothing_and_says_so(self) -> None:
        entry = self.push(A)
        said = self.once(":", code=1, CI_FREE_BYTES=str(10**15))
        self.assertIn("nothing is started: expected 1000.0 TB free on the disk of", said)
        self.assertIn("expected 1000.0 TB free", self.queue.message())
        self.assertEqual(self.state_of(entry), State.WAITING)

    def test_command_that_is_not_there_loses_no_entry(self) -> None:
        entry = self.push(A)
        self.once("", code=1, CI_QUEUE_COMMAND="/nonexistent/docker exec {sha}")
        self.assertEqual(self.state_of(entry), State.WAITING)
        reason = self.queue.entry(entry.id).reason
        self.assertRegex(reason, "could not be started: .*No such file.*/nonexistent/docker")
        self.assertIn(reason, self.queue.held_up())

    def test_entries_wait_until_commands_can_start_also_for_another_worker(self) -> None:
        entries = [self.push(sha, sha) for sha in (A, B)]
        away = f"[[ -e $root/back ]] || {{ echo no such container, $PPID >&2; exit 1; }}\n{NAMED}"
        with self.worker(away) as worker:
            worker.says("nothing is started: commands cannot start")
            worker.kill()
        with self.worker(away) as worker:
            worker.says(f"2 {B[:7]} {B}: put back")
            worker.says("nothing is started: commands cannot start")
            for entry in entries:
                # between two tries
                wait_until(functools.partial(self.waits_for_its_container, entry.id), "reason")
            self.assertIn("no such container", self.queue.held_up())
            (self.root / "back").touch()
            for entry in entries:
                self.becomes(entry, State.PASSED)
            worker.says("starts again")
        self.assertEqual((self.queue.held_up(), self.queue.mode()), ("", "running"))
        tries = [path.read_text() for path in (self.state / "queue").glob("2.log.*")]
        self.assertNotIn(f", {worker.process.pid}\n", "".join(tries), "each try has left a log")
        self.assertEqual((self.state / "queue" / "2.log").read_text(), "")

    def waits_for_its_container(self, number: int) -> bool:
        entry = self.queue.entry(number)
        return entry.state is State.WAITING and "began: no such container" in entry.reason

    def test_program_that_names_no_run_has_begun_once_it_lives_for_a_while(self) -> None:
        """Else a script whose last command is not found would run again and again."""
        entry = self.push(A)
        go = self.root / "go"
        waits = f"until [ -e {go} ]; do sleep 0.02; done; exit 127"
        for settled, script, begins in ((60.0, "exit 127", False), (0.1, waits, True)):
            self.enterContext(mock.patch.object(run_processes, "SETTLED", settled))
            runs = RunProcesses(
                self.state,
                RunCommand(["sh", "-c", script, "{sha}"]),
                self.enterContext(contextlib.closing(wait.make([]))),
                print,
                table=self.look,
                subreaper=True,
                environ=os.environ,
            )
            runs.start(entry, 1)
            begun: list[tuple[int, str]] = []
            gone: list[Gone] = []
            while not gone:
                begun += runs.names()
                if begun:
                    go.touch()
                gone += runs.gone()
                time.sleep(0.01)
            self.assertEqual((gone[0].end.code, gone[0].end.began), (127, begins))
            self.assertEqual(begun, [(1, "")] if begins else [])
            runs.close()

    def test_place_of_the_log_may_be_taken(self) -> None:
        entry = self.push(A)
        log = self.state / "queue" / f"{entry.id}.log"
        log.mkdir(parents=True)
        log.with_name(f"entry-{entry.id}.lock").symlink_to("/etc/passwd")
        self.once(f"{NAMED} echo fine")
        self.assertEqual((self.state_of(entry), log.read_text()), ("passed", "fine\n"))


class Prepared(WorkerCase):
    def test_next_entry_is_prepared_while_another_runs_and_starts_there(self) -> None:
        script = f"""
            echo "$name_to" >>"$root/names"
            if [[ $prepare ]]; then echo "$sha at $place$GITHUB_TOKEN" >>"$root/prepared"; exit; fi
            {NAMED} echo $sha at $place >>"$root/ran"
            [[ $sha == {B} ]] || until [[ -e $root/prepared ]]; do sleep 0.02; done"""
        self.push(A, "a")
        self.push(B, "b")
        self.once(
            script,
            CI_QUEUE_COMMAND=f"{self.template} {{prepare}}",
            GITHUB_TOKEN="ghp_0123456789",
            GITHUB_API_URL="http://127.0.0.1:9",
        )
        self.assertEqual((self.root / "ran").read_text(), f"{A} at 1\n{B} at 2\n")
        self.assertEqual((self.root / "prepared").read_text(), f"{B} at 2\n")
        names = (self.root / "names").read_text().split()
        self.assertEqual(len(set(names)), 3, "a run can write into the file of another")
        self.nothing_is_left()


class Systemd(WorkerCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.listener.bind(str(self.root / "notify"))
        self.listener.settimeout(30)
        if sys.platform == "linux":
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.variables["NOTIFY_SOCKET"] = str(self.root / "notify")
        self.told: list[tuple[str, int]] = []

    def heard(self, text: str) -> None:
        """Wait until systemd was told something."""
        while not any(text in said for said, _ in self.told):
            data, more, *_ = self.listener.recvmsg(4096, 100)
            self.told.append((data.decode(), int.from_bytes(more[0][2][:4], sys.byteorder)))

    def test_it_is_told_from_the_main_process(self) -> None:
        self.push(A)
        with self.worker(UNTIL_EOF, WATCHDOG_USEC="200000") as worker:
            for text in ("READY=1", f"STATUS=runs 1 {A[:7]} topic", "WATCHDOG=1"):
                self.heard(text)
            self.told.clear()
            self.heard("WATCHDOG=1")
            worker.process.send_signal(signal.SIGTERM)
            self.heard("STOPPING=1")
            self.assertEqual(worker.process.wait(60), 143)
        self.assertEqual({pid for _, pid in self.told}, {worker.process.pid})

    def test_what_is_pushed_while_a_worker_ends_by_itself_is_run_as_well(self) -> None:
        """Its pusher may have started a worker that was refused, and gone."""
        github = self.enterContext(github_server.serve())
        github.gate = threading.Event()  # the worker waits for a status in its end
        self.push(A)
        token = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPO": "o/n", "GITHUB_API_URL": github.url}
        with self.worker(f"{NAMED} [[ $sha == b* ]] || exit 3", "--once", **token) as worker:
            self.heard("STOPPING=1")
            entry = self.push(B)
            github.gate.set()
            self.assertEqual(worker.process.wait(60), 0, worker.output)
        self.assertEqual(self.state_of(entry), State.PASSED)


if __name__ == "__main__":
    unittest.main()
