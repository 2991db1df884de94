"""A program ends with its own code, whatever its threads and signals do."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

HETZNER = Path(__file__).resolve().parents[2]
TIMES = (
    20  # with sys.exit in place of program_end.run one in five of these crashed on 3.12 and 3.13
)
BUSY = """
import sys, threading
sys.path.insert(0, {hetzner!r})
from lib.common import program_end

def main(arguments):
    import http.client, socket
    server = socket.create_server(("127.0.0.1", 0))
    ready = threading.Barrier(5)
    def request():
        ready.wait()
        while True:
            try:
                http.client.HTTPConnection(*server.getsockname(), timeout=0.001).request("GET", "/")
            except OSError:
                pass
    for _ in range(4):
        threading.Thread(target=request, daemon=True).start()
    ready.wait()
    print("told")
    return 7

program_end.run(main)
"""
ENDS = """
import os, signal, sys
sys.path.insert(0, {hetzner!r})
from lib.common import program_end

{body}
program_end.run(main)
"""


def end(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program.replace("{hetzner!r}", repr(str(HETZNER)))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class Run(unittest.TestCase):
    def ends(self, body: str) -> tuple[int, str, str]:
        ended = end(ENDS.replace("{body}", body))
        return ended.returncode, ended.stdout, ended.stderr

    def test_threads_that_are_busy_change_no_exit_code(self) -> None:
        ended = [end(BUSY) for _ in range(TIMES)]
        seen = [(each.returncode, each.stdout, each.stderr) for each in ended]
        self.assertEqual(seen, [(7, "told\n", "")] * TIMES)

    def test_signal_after_the_verdict_changes_no_exit_code(self) -> None:
        body = (
            "class Late:\n"
            "    def flush(self):\n"
            "        os.kill(os.getpid(), signal.SIGTERM)\n"
            "def main(arguments):\n"
            "    return 3\n"
            "sys.stdout = Late()\n"
        )
        self.assertEqual(self.ends(body), (3, "", ""))

    def test_exit_of_argparse_is_the_code(self) -> None:
        self.assertEqual(self.ends("def main(arguments):\n    sys.exit(2)\n"), (2, "", ""))

    def test_reason_to_exit_is_printed(self) -> None:
        ended = self.ends("def main(arguments):\n    sys.exit('no such thing')\n")
        self.assertEqual(ended, (1, "", "no such thing\n"))

    def test_exception_is_told_and_is_a_failure(self) -> None:
        code, _, errors = self.ends("def main(arguments):\n    raise KeyError('x')\n")
        self.assertEqual((code, errors.splitlines()[-1]), (1, "KeyError: 'x'"))

    def test_lost_reader_changes_no_exit_code(self) -> None:
        body = "def main(arguments):\n    os.close(1)\n    print('lost')\n    return 5\n"
        self.assertEqual(self.ends(body), (5, "", ""))


class JoinAtExit(unittest.TestCase):
    def test_interpreter_waits_for_a_thread_that_was_left_behind(self) -> None:
        program = (
            "import sys, threading, time\n"
            "sys.path.insert(0, {hetzner!r})\n"
            "from lib.common import program_end\n"
            "work = lambda: (time.sleep(0.2), print('done', flush=True))\n"
            "thread = threading.Thread(target=work, daemon=True)\n"
            "thread.start()\n"
            "program_end.join_at_exit(thread, 30)\n"
            "sys.exit(4)\n"
        )
        ended = end(program)
        self.assertEqual((ended.returncode, ended.stdout), (4, "done\n"))


if __name__ == "__main__":
    unittest.main()
