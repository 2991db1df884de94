"""The process table of Linux, asked about processes and threads of this test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from unittest import mock

from lib.processes import own_children
from lib.processes.own_children import OwnChildren
from lib.processes.process_table import LinuxTable

HERE = Path(__file__).resolve().parents[3]
ASKED = """
import threading
from lib.processes import own_children, process_table

class Table(process_table.LinuxTable):
    asked = False

    def children(self, pid):  # asks each thread
        self.asked = True
        return super().children(pid)

def look():
    table = Table()
    own_children.OwnChildren(table).pids()
    print(table.asked)

def look_and_start_none():
    with own_children.starting_none():
        look()

for work in look_and_start_none, look:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""


@unittest.skipUnless(sys.platform == "linux", "needs /proc")
class Children(unittest.TestCase):
    def children(self) -> list[int]:
        return LinuxTable().children(os.getpid())

    def start(self, into: list[subprocess.Popen[bytes]]) -> None:
        into.append(subprocess.Popen(["sleep", "60"]))

    def end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    def test_children_of_every_thread_are_found(self) -> None:
        done = threading.Event()
        started: list[subprocess.Popen[bytes]] = []
        ready = threading.Event()

        def work() -> None:
            self.start(started)
            ready.set()
            done.wait()  # while it lives, the child is this thread's and not the process' first's

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(done.set)
        ready.wait()
        self.addCleanup(self.end, started[0])
        self.start(started)
        self.addCleanup(self.end, started[1])
        found = self.children()
        self.assertLessEqual({process.pid for process in started}, set(found))

    def test_children_of_the_only_thread_are_found_though_they_are_zombies(self) -> None:
        process = subprocess.Popen(["true"])
        self.addCleanup(process.wait)
        if sys.platform != "linux":
            self.skipTest("macOS lacks waitid(2)")
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.assertIn(process.pid, self.children())

    def test_process_that_is_gone_has_none(self) -> None:
        process = subprocess.Popen(["true"])
        process.wait()
        self.assertEqual(LinuxTable().children(process.pid), [])


@unittest.skipUnless(sys.platform == "linux", "needs /proc")
class KeptOpen(Children):
    """The same rules for files that were opened before there were any children."""

    def setUp(self) -> None:
        self.own = OwnChildren(LinuxTable())
        self.addCleanup(self.own.close)

    def children(self) -> list[int]:
        return self.own.pids()

    def test_each_list_is_of_its_moment(self) -> None:
        before = self.children()
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        self.assertEqual(self.children(), [*before, process.pid])
        process.communicate()
        self.assertEqual(self.children(), before)

    def test_thread_that_starts_nothing_hides_no_children_of_others(self) -> None:
        done, starts_none = threading.Event(), threading.Event()

        def work() -> None:
            with own_children.starting_none():
                starts_none.set()
                done.wait()

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(done.set)
        starts_none.wait()
        self.test_children_of_every_thread_are_found()

    def test_thread_that_starts_nothing_is_not_asked_for_children(self) -> None:
        # a process of its own: here is the watchdog of the door, a thread of which nobody knows
        said = subprocess.check_output([sys.executable, "-c", ASKED], cwd=HERE, text=True)
        self.assertEqual(said.split(), ["False", "True"])

    def test_list_may_be_longer_than_one_read(self) -> None:
        processes = [subprocess.Popen(["sleep", "60"]) for _ in range(9)]
        for process in processes:
            self.addCleanup(self.end, process)
        with mock.patch.object(own_children, "MOST", 16):
            self.assertLessEqual({process.pid for process in processes}, set(self.children()))

    def test_system_without_proc_is_asked_anew_each_time(self) -> None:
        table = mock.Mock(spec=LinuxTable)
        table.children.side_effect = [[2], [3]]
        with mock.patch.object(os, "open", side_effect=FileNotFoundError):
            own = OwnChildren(table)
        self.assertEqual([own.pids(), own.pids()], [[2], [3]])
        own.close()
