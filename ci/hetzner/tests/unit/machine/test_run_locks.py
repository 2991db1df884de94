"""The claims of several runs in one place: ports, pools, turns, and places that are broken."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.machine import place as machine_place
from lib.machine import register as machine_register
from lib.machine.register import Registration, live_runs
from lib.machine.run_locks import MachineLocks
from lib.model.job import Job
from lib.model.phases import Node


def node(name: str, **resources: int) -> Node:
    named = {key.replace("port", "port:"): amount for key, amount in resources.items()}
    job = Job(name, "true", resources=named)
    return Node(name, job, 0, False, "", (), {}, ())


class Place(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.place = self.root / "place"
        variables = {machine_place.VARIABLE: str(self.place), "CI_RUN_TAG": ""}
        self.enterContext(mock.patch.dict(os.environ, variables))
        self.notes: list[str] = []
        self.runs = 0

    def run_of(
        self,
        pools: dict[str, int] | None = None,
        usual: dict[str, float] | None = None,
        **more: bool,
    ) -> MachineLocks:
        """Return the locks of another run; the younger, the greater its number."""
        self.runs += 1
        number = self.runs
        registration = Registration(
            run=f"r{number}-1", pid=number, label=f"run {number}", since=number, network="n"
        )
        self.addCleanup(registration.close)
        more = {"wait": True, **more}
        return MachineLocks(
            registration, self.notes.append, pools=pools or {}, usual=usual or {}, **more
        )

    def take(self, run: MachineLocks, wanted: Node, *, stuck: bool = False) -> str:
        refused = run.take(wanted, stuck=stuck)
        return f"{refused.what}, {refused.holders}: {refused.final}" if refused else "granted"


class Ports(Place):
    def test_port_of_another_run_is_refused_until_it_is_given_back(self) -> None:
        one, two = self.run_of(), self.run_of()
        a, b = node("a", port1=1), node("b", port1=1, port2=1)
        self.assertEqual(self.take(one, a), "granted")
        self.assertEqual(self.take(two, b), "port:1, pid 1 (run 1): ")
        one.give(a)
        self.assertEqual(self.take(two, b), "granted")

    def test_refused_job_holds_nothing_in_the_meantime(self) -> None:
        one, two, three = self.run_of(), self.run_of(), self.run_of()
        self.take(one, node("a", port1=1))
        self.take(two, node("b", port1=1, port2=1))
        self.assertEqual(self.take(three, node("c", port2=1)), "granted")

    def test_port_of_a_run_that_is_gone_is_free(self) -> None:
        one, two = self.run_of(), self.run_of()
        self.take(one, node("a", port1=1))
        os.close(one._registration._handle)  # as the kernel does when a process dies
        one._registration._handle = -1
        self.assertEqual(self.take(two, node("b", port1=1)), "granted")
        self.assertEqual([run.pid for run in live_runs()], [2])

    def test_refusal_tells_the_expected_end_of_the_job_or_else_of_the_run(self) -> None:
        one, two = self.run_of(usual={"a": 40}), self.run_of()
        self.take(one, node("a", port1=1))
        self.take(one, node("unknown", port2=1))
        ends = []
        for name in ("port1", "port2"):
            refused = two.take(node("b", **{name: 1}), stuck=False)
            ends.append(refused and refused.end)
        self.assertEqual(ends, ["expected to end in about 40 s", ""])

    def test_run_that_waited_first_gets_the_port_first(self) -> None:
        one, two = self.run_of(), self.run_of()
        a, b = node("a", port1=1), node("b", port1=1)
        self.take(one, a)
        self.take(two, b)
        one.give(a)
        self.assertEqual(self.take(one, node("again", port1=1)), "port:1, pid 2 (run 2): ")
        self.assertEqual(self.take(two, b), "granted")

    def test_run_within_a_job_of_another_does_not_wait_for_what_that_job_holds(self) -> None:
        outer = self.run_of()
        self.take(outer, node("a", port1=1))
        with mock.patch.dict(os.environ, {"CI_RUN_TAG": "r1-1/a"}):
            inner = self.run_of()
        self.assertEqual(self.take(inner, node("b", port1=1)), "granted")

    def test_run_that_does_not_wait_is_refused_for_good(self) -> None:
        one, two = self.run_of(), self.run_of(wait=False)
        self.take(one, node("a", port1=1))
        self.assertRegex(self.take(two, node("b", port1=1)), "pid 1 .*: this run is not to wait")

    def test_register_tells_what_a_run_holds_and_waits_for(self) -> None:
        one, two = self.run_of(), self.run_of()
        self.take(one, node("a", port1=1))
        self.take(two, node("b", port1=1))
        first, second = live_runs()
        self.assertEqual({n: hold.amount for n, hold in first.holds.items()}, {"port:1": 1})
        self.assertEqual(
            [(w.job, w.held_by) for w in second.waits], [("b", "port:1, held by pid 1 (run 1)")]
        )


class Deadlocks(Place):
    def test_younger_of_two_runs_that_wait_for_each_other_gives_way(self) -> None:
        one, two = self.run_of(), self.run_of()
        self.take(one, node("s", port1=1))
        self.take(two, node("t", port2=1))
        for stuck in (False, True):
            refused = self.take(one, node("a", port2=1), stuck=stuck)
            self.assertEqual(refused, "port:2, pid 2 (run 2): ")
        self.assertRegex(self.take(two, node("b", port1=1), stuck=True), "wait for ever")

    def test_share_of_a_pool_is_taken_all_the_same(self) -> None:
        one, two = self.run_of({"cpu": 4}), self.run_of({"cpu": 4})
        self.take(one, node("s", cpu=2))
        self.take(two, node("t", cpu=2))
        self.assertEqual(self.take(one, node("a", cpu=1), stuck=True), "cpu, pid 2 (run 2): ")
        self.assertEqual(self.take(two, node("b", cpu=1), stuck=True), "granted")


class Pools(Place):
    def test_pools_are_shared_by_the_runs_that_say_so(self) -> None:
        one, two, alone = self.run_of({"cpu": 4}), self.run_of({"cpu": 4}), self.run_of()
        self.take(one, node("a", cpu=3))
        self.assertEqual(self.take(two, node("b", cpu=2)), "cpu, pid 1 (run 1): ")
        self.assertEqual(self.take(two, node("c", cpu=1)), "granted")
        self.assertEqual(alone.needs(node("d", cpu=4).job), {})

    def test_variable_says_so(self) -> None:
        pools = {"cpu": 4, "memory": 9, "gpu": 1}
        for value, shared in (("1", {"cpu": 4, "memory": 9}), ("0", {}), ("", {})):
            with mock.patch.dict(os.environ, {machine_place.POOLS: value}):
                self.assertEqual(machine_place.shared_pools(pools), shared)


class Broken(Place):
    """Nobody waits for a place that cannot be used."""

    def unusable(self, problem: str) -> None:
        run = self.run_of()
        self.assertRegex(run._registration.problem, problem)
        self.assertEqual(self.take(run, node("a", port1=1)), "granted")
        run.give(node("a", port1=1))
        self.assertEqual(live_runs(), [])

    def test_file_link_or_missing_directory_in_its_place(self) -> None:
        self.place.write_text("")
        self.unusable(r"place cannot be used: expected a directory, found a file: remove it")
        self.place.unlink()
        elsewhere = self.root / "elsewhere"
        elsewhere.mkdir()
        self.place.symlink_to(elsewhere)
        self.unusable("found a symlink")
        self.assertEqual(list(elsewhere.iterdir()), [])
        self.place.unlink()
        with mock.patch.dict(os.environ, {machine_place.VARIABLE: str(self.root / "no" / "place")}):
            self.unusable("No such file")

    def test_pipe_or_directory_in_place_of_the_ledger(self) -> None:
        for make in (os.mkfifo, os.mkdir):
            one = self.run_of()
            path = self.place / machine_place.LEDGER
            path.unlink(missing_ok=True)
            make(path)
            self.assertEqual(self.take(one, node("a", port1=1)), "granted")
            self.assertIn("expected a file", self.notes.pop())
            path.unlink() if make is os.mkfifo else path.rmdir()

    def test_files_of_others_that_are_no_runs_are_passed_over(self) -> None:
        run = self.run_of()
        os.mkfifo(self.place / "run-1-pipe")
        (self.place / "run-2-link").symlink_to("/etc/passwd")
        (self.place / "run-3-text").write_text("x" * 10**6)
        (self.place / "other").write_text("kept")
        self.assertEqual(self.take(run, node("a", port1=1)), "granted")
        self.assertEqual([each.pid for each in live_runs()], [1])
        self.assertTrue((self.place / "other").exists())

    def test_entry_that_was_removed_is_made_anew(self) -> None:
        one, two = self.run_of(), self.run_of()
        self.take(one, node("a", port1=1))
        for path in self.place.iterdir():
            path.unlink()
        self.place.rmdir()
        self.take(one, node("c", port2=1))
        self.assertEqual(self.take(two, node("b", port1=1)), "port:1, pid 1 (run 1): ")

    def test_full_disk_lets_the_job_start(self) -> None:
        run = self.run_of()
        full = OSError(28, "No space left on device")
        with mock.patch.object(os, "pwrite", side_effect=full):
            self.assertEqual(self.take(run, node("a", port1=1)), "granted")
        self.assertEqual(len(self.notes), 1)
        self.assertRegex(self.notes[0], "No space left")

    def test_process_that_hangs_with_the_ledger_is_waited_for_a_while(self) -> None:
        run = self.run_of()
        with machine_place.opened() as place, place.ledger(1), mock.patch("time.monotonic") as now:
            now.side_effect = [0, 1, 1, 2, 3, 3, 99, 100, 100]
            self.assertRegex(self.take(run, node("a", port1=1)), "the register of the machine")
            self.assertRegex(self.take(run, node("a", port1=1)), "the register of the machine")
            self.assertEqual(self.take(run, node("a", port1=1)), "granted")
        self.assertRegex(self.notes[0], "another process has kept .*ledger for 10 s")


class Register(Place):
    def test_run_within_a_run_is_the_same_run(self) -> None:
        with machine_register.registered("outer", state_dir="/state") as outer:
            with machine_register.registered("inner", log_dir="/logs") as inner:
                self.assertIs(inner, outer)
            (run,) = live_runs()
            self.assertEqual((run.label, run.state_dir, run.log_dir), ("outer", "/state", "/logs"))
            self.assertEqual((run.pid, run.user), (os.getpid(), os.getuid()))
        self.assertEqual(live_runs(), [])
        self.assertEqual([path.name for path in self.place.iterdir()], [machine_place.LEDGER])

    def test_files_of_dead_runs_are_removed_by_the_next_one(self) -> None:
        self.place.mkdir()
        (self.place / "run-1-dead").write_text("{}")
        with machine_register.registered("next"):
            self.assertEqual(len([p for p in self.place.iterdir() if p.name != "ledger"]), 1)

    def test_place_that_a_run_makes_is_open_to_all_users(self) -> None:
        old = os.umask(0o077)
        try:
            self.run_of()
        finally:
            os.umask(old)
        self.assertEqual(self.place.stat().st_mode & 0o7777, 0o1777)
        (file,) = self.place.glob("run-*")
        self.assertEqual(file.stat().st_mode & 0o777, 0o644)


if __name__ == "__main__":
    unittest.main()
