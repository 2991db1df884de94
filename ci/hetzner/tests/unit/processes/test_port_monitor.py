"""Which tree owns a port."""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from lib.model.selection import EVERYTHING, plan
from lib.processes import port_monitor, ports, ports_lsof
from lib.scheduler.protocol import Listens
from tests.support.fakes import jobs


def service(*listens: int, **fields: Any) -> dict[str, Any]:
    return {"service": True, "listens": listens, **fields}


class Owned(unittest.TestCase):
    def test_a_first_look_that_finds_a_socket_in_no_tree_is_not_believed(self) -> None:
        (job,) = jobs("web", web=service(1))
        made = plan([job], EVERYTHING, {})
        attempt: Any = mock.Mock(node=made.phases.nodes[0])
        found = [ports.Socket(1, "127.0.0.1", 0, 77)]
        look = port_monitor.PortMonitor(mock.Mock(), lambda _: [], lambda _: False)
        with mock.patch.multiple(
            ports, sockets=lambda _: found, owned=mock.Mock(side_effect=[set(), {77}])
        ):
            look.follow(attempt, 0.0)
            self.assertEqual(look.look(0.0), [])  # not due
            self.assertEqual(look.look(1.0), [])
            (told,) = look.look(2.0)
        self.assertEqual(told, Listens("web", (1,)))
        self.assertEqual(look.due, 2.0 + port_monitor.SERVING)

    def test_a_process_of_another_user_is_told_by_the_user_of_its_socket(self) -> None:
        theirs, ours = ports.Socket(1, "::", 54321, 7), ports.Socket(2, "::", os.geteuid(), 8)
        hidden = mock.Mock(side_effect=PermissionError)
        stat = mock.Mock(return_value=mock.Mock(st_uid=54321))
        with mock.patch.object(ports, "_links", hidden), mock.patch.object(Path, "stat", stat):
            self.assertEqual(ports.owned([theirs, ours], [os.getpid()]), {7})

    def test_lsof_tells_where_there_is_no_table(self) -> None:
        text = "p12\nu501\nf3\nn127.0.0.1:8080\nf4\nn[::1]:8080\np13\nu0\nf7\nn*:22\n"
        self.assertEqual(
            list(ports_lsof.parse(text)),
            [(8080, "127.0.0.1", 501, 12), (8080, "::1", 501, 12), (22, "*", 0, 13)],
        )
        with mock.patch("shutil.which", lambda *_, **__: None):
            self.assertRaisesRegex(OSError, "install lsof", ports_lsof.sockets, [80])
        with mock.patch.object(sys, "platform", "darwin"):
            self.assertEqual(ports.owned([ports.Socket(8080, "*", 0, 12)], [11, 12]), {12})


if __name__ == "__main__":
    unittest.main()
