"""Inotify beside other processes that write: no file is missed, and no writer is harmed."""

from __future__ import annotations

import subprocess
import sys
import unittest

from lib.outputs.inotify import InotifyWatch, Watch
from lib.outputs.path_follower import is_settled
from tests.support.watch_case import WatchTest


@unittest.skipUnless(sys.platform == "linux", "inotify is Linux's own")
class Inotify(WatchTest):
    def make(self) -> Watch:
        return InotifyWatch()

    def test_no_file_is_missed_however_soon_its_end_is_looked_at(self) -> None:
        code = "import sys\nfor line in sys.stdin: open(line.strip(), 'w').close()"
        maker = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, text=True)
        assert maker.stdin
        for number in range(2000):
            path = self.top / str(number)
            self.watch.add(number, path)
            maker.stdin.write(f"{path}\n")
            maker.stdin.flush()
            self.assertEqual(self.news(), [number])
            self.watch.remove(number)
        maker.stdin.close()
        maker.wait()

    def test_no_file_is_missed_while_directories_are_made(self) -> None:
        """mkdir and write race with the watch that follows them down."""
        for number in range(100):
            deep = self.top / str(number) / "a" / "b" / "c" / "out"
            self.watch.add(number, deep)
            maker = subprocess.Popen(
                ["sh", "-c", 'mkdir -p "$1" && echo text >"$1/out"', "sh", deep.parent]
            )
            self.assertEqual(self.news(), [number])
            self.assertEqual(deep.read_text(), "text\n")
            maker.wait()
            self.watch.remove(number)


@unittest.skipUnless(sys.platform == "linux", "file leases are Linux's own")
class Settled(WatchTest):
    def test_new_writer_that_breaks_a_lease_does_not_end_the_process(self) -> None:
        """A lease that is broken signals its holder; SIGIO would end this process."""
        self.path.touch()
        # it ends by itself, and with this process' end of the pipe too
        code = "import sys\nfor _ in range(200_000):\n open(sys.argv[1], 'a').close(); print()"
        writer = subprocess.Popen(
            [sys.executable, "-c", code, self.path],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert writer.stdout
        for _ in range(20_000):
            is_settled(self.path)
            writer.stdout.read(1)
        writer.stdout.close()
        writer.terminate()
        writer.wait()


if __name__ == "__main__":
    unittest.main()
