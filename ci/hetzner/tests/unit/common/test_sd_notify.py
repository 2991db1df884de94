"""A service tells systemd how it is, through a real socket of datagrams."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import unittest
from pathlib import Path

from lib.common import sd_notify
from lib.common.sd_notify import Notifier


class WithSystemd(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = str(self.directory / "notify")
        self.socket = self.listen(self.path)

    def listen(self, address: str) -> socket.socket:
        made = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        made.bind(address)
        made.setblocking(False)
        return made

    def told(self, listener: socket.socket | None = None) -> list[str]:
        found = []
        while True:
            try:
                found.append((listener or self.socket).recv(4096).decode())
            except BlockingIOError:
                return found

    def notifier(self, **variables: str) -> Notifier:
        return Notifier({"NOTIFY_SOCKET": self.path, **variables})


class Messages(WithSystemd):
    def test_each_is_one_datagram(self) -> None:
        notifier = self.notifier()
        notifier.ready("waits")
        notifier.alive()
        notifier.status("runs 1 entry")
        notifier.stopping()
        self.assertEqual(
            self.told(),
            ["READY=1\nSTATUS=waits", "WATCHDOG=1", "STATUS=runs 1 entry", "STOPPING=1"],
        )

    def test_status_that_was_said_is_not_said_again(self) -> None:
        notifier = self.notifier()
        notifier.ready("waits")
        notifier.status("waits")
        notifier.status("runs")
        notifier.status("runs")
        self.assertEqual(self.told(), ["READY=1\nSTATUS=waits", "STATUS=runs"])

    def test_text_cannot_become_another_message(self) -> None:
        self.notifier().status("feature\nSTOPPING=1\r\n \udcff")
        self.assertEqual(self.told(), ["STATUS=feature STOPPING=1 ?"])

    @unittest.skipUnless(sys.platform == "linux", "abstract names are Linux's")
    def test_abstract_names_are_known(self) -> None:
        name = f"ci-notify-{os.getpid()}"
        listener = self.listen(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).alive()
        self.assertEqual(self.told(listener), ["WATCHDOG=1"])


class NobodyListens(WithSystemd):
    def test_nothing_happens(self) -> None:
        longest = "/" + "x" * 300  # longer than an address can be
        for name in ("", "relative", "@", longest, str(self.directory / "none"), "/\0"):
            with self.subTest(name=name):
                Notifier({"NOTIFY_SOCKET": name}).ready("fine")
        Notifier({}).alive()
        self.assertEqual(self.told(), [])

    def test_full_queue_of_systemd_does_not_hold_the_service_up(self) -> None:
        notifier = self.notifier()
        for number in range(5000):  # a socket of datagrams keeps a few (net.unix.max_dgram_qlen)
            notifier.status(f"{number}")
        self.assertLess(len(self.told()), 5000)


class Watchdog(WithSystemd):
    def test_period_is_half_of_the_time_that_systemd_waits(self) -> None:
        self.assertEqual(self.notifier(WATCHDOG_USEC="30000000").period, 15.0)

    def test_there_is_none_unless_this_process_is_watched(self) -> None:
        for variables in (
            {},
            {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
            {"WATCHDOG_USEC": "0"},
            {"WATCHDOG_USEC": "-5"},
            {"WATCHDOG_USEC": "³"},
            {"WATCHDOG_USEC": "9" * 5000},
        ):
            with self.subTest(**variables):
                self.assertIsNone(self.notifier(**variables).period)
        self.assertIsNone(Notifier({"WATCHDOG_USEC": "30000000"}).period)
        ours = {"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}
        self.assertEqual(self.notifier(**ours).period, 2.0)

    def test_started_programs_get_none_of_it(self) -> None:
        given = {"NOTIFY_SOCKET": "/a", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "HOME": "/h"}
        self.assertEqual(sd_notify.without(given), {"HOME": "/h"})


if __name__ == "__main__":
    unittest.main()
