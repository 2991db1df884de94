"""File systems on which processes share no memory are told from others."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.common import network_mounts

TABLE = """\
22 1 8:1 / {root} rw shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / {root}/far rw,relatime shared:2 master:1 - nfs4 host:/far rw
31 30 0:41 / {root}/far/near rw - tmpfs tmpfs rw
32 22 0:42 / {root}/with\\040space rw - fuse.sshfs user@host: rw
33 22 0:43 / {root}/over rw - nfs host:/over rw
34 33 0:44 / {root}/over rw - ext4 /dev/sdb1 rw
"""


class NetworkMounts(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name).resolve()
        self.table = self.root / "mountinfo"
        self.table.write_text(TABLE.format(root=self.root))

    def test_path_belongs_to_the_last_mount_that_is_nearest_to_it(self) -> None:
        for path, far in (
            ("history.db", False),
            ("far/history.db", True),
            ("farther/history.db", False),
            ("far/near/history.db", False),
            ("with space/history.db", True),
            ("over/history.db", False),
        ):
            with self.subTest(path):
                self.assertEqual(network_mounts.holds(self.root / path, self.table), far)

    def test_link_to_a_network_file_system_is_followed(self) -> None:
        (self.root / "far").mkdir()
        (self.root / "link").symlink_to("far")
        self.assertTrue(network_mounts.holds(self.root / "link" / "history.db", self.table))

    def test_unknown_table_tells_of_no_network(self) -> None:
        self.assertFalse(network_mounts.holds(self.root, self.root / "none"))
        self.table.write_text("\n\nnot a table\n1 2 3 - \n")
        self.assertFalse(network_mounts.holds(self.root, self.table))


if __name__ == "__main__":
    unittest.main()
