"""The live view on a real terminal: it is given back whatever happens, and keys have effects."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import unittest
from pathlib import Path

from tests.support.on_terminal import Terminal, program
from tests.support.waiting import wait_for, wait_until

WAITS = "Job('waits', 'echo $$ > pid; echo line of waits; until test -e go; do sleep .1; done')"
# the loop takes no report of the end of a job: a bug of the runner
BREAKS = """
from lib.scheduler import loop
def broken(self, report):
    raise RuntimeError("broken")
loop.Scheduler._take = broken
"""
CASES = """<testsuite name="pytest">
<testcase classname="cart" name="test_total"><failure message="3"/></testcase></testsuite>"""
SHOW, HIDE = "\x1b[?25h", "\x1b[?25l"
DRAWN = "line of waits"


class OnTerminal(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.terminal = Terminal()
        self.addCleanup(self.terminal.close)
        self.modes = self.terminal.modes()

    def start(self, jobs: str = WAITS, end: str = "", before: str = "") -> None:
        """Start a pipeline and wait until it is drawn."""
        self.terminal.type(f"{program(self.cwd, jobs, before)} {end}\n")
        if not end:
            self.terminal.until(DRAWN)

    def ended(self) -> str:
        """Wait for the end of the run and the prompt; assert that the terminal is as it was."""
        text = self.terminal.until(lambda read: " END " in read and read.endswith("$ "))
        self.given_back()
        return text

    def given_back(self) -> None:
        self.assertEqual(self.terminal.modes(), self.modes)
        # both are -1 if nothing was drawn
        self.assertGreaterEqual(self.terminal.seen.rfind(SHOW), self.terminal.seen.rfind(HIDE))

    def log(self) -> str:
        return (self.cwd / "logs" / "ci.log").read_text()


class GivenBack(OnTerminal):
    def test_terminal_is_as_before_after_a_run(self) -> None:
        self.start()
        self.assertNotEqual(self.terminal.modes(), self.modes)
        (self.cwd / "go").touch()
        self.assertIn("PASS", self.ended())

    def test_terminal_is_as_before_after_ctrl_c(self) -> None:
        self.start()
        self.terminal.type("\x03")
        self.ended()
        self.assertIn("END   exit code 130", self.log())

    def test_terminal_is_as_before_while_the_run_is_suspended(self) -> None:
        self.start()
        self.terminal.type("\x1a")
        self.terminal.until(lambda read: "Stopped" in read and read.endswith("$ "))
        self.given_back()
        self.terminal.type("fg\n")
        self.terminal.until(DRAWN)
        self.assertNotEqual(self.terminal.modes(), self.modes)
        (self.cwd / "go").touch()
        self.ended()

    def test_child_that_is_killed_leaves_the_view_as_it_is(self) -> None:
        self.start(f"{WAITS}, Job('other', 'echo hello; sleep 100')")
        wait_for(self.cwd / "pid")
        wait_until(lambda: (self.cwd / "pid").read_text().strip() != "", "a pid")
        os.kill(int((self.cwd / "pid").read_text()), signal.SIGKILL)
        self.terminal.until("CAUSE waits")
        self.terminal.type("q")
        self.ended()

    def test_terminal_is_as_before_if_the_runner_itself_breaks(self) -> None:
        self.start(before=BREAKS)
        (self.cwd / "go").touch()
        self.terminal.until("RuntimeError: broken")
        self.terminal.until(lambda read: read.endswith("$ "))
        self.assertIn("BUG   the runner broke", self.log())
        self.given_back()


class Gone(OnTerminal):
    def test_terminal_that_is_closed_ends_the_run_as_a_hang_up_does(self) -> None:
        self.start()
        self.terminal.close()
        wait_until(lambda: "END   exit code 129" in self.log(), "the end of the run")
        self.assertNotIn("broke", self.log())


class InTheBackground(OnTerminal):
    def test_run_in_the_background_only_prints_lines_and_is_not_stopped(self) -> None:
        self.start(end="&")
        wait_for(self.cwd / "logs" / "waits.log")
        self.terminal.type("jobs; echo said\n")
        self.assertIn("Running", self.terminal.until("\nsaid"))
        self.assertEqual(self.terminal.modes(), self.modes)
        self.assertNotIn(HIDE, self.terminal.seen)
        self.terminal.type("fg\n")
        self.terminal.until(DRAWN)
        (self.cwd / "go").touch()
        self.ended()


class NeverInTheWay(OnTerminal):
    def test_terminal_that_takes_no_text_stops_no_job(self) -> None:
        self.start(f"{WAITS}, Job('after', 'true', ['waits'])")
        self.terminal.type("\x13")  # Ctrl-S
        (self.cwd / "go").touch()
        wait_until(lambda: "PASS  after" in self.log(), "the end of the second job")
        self.terminal.type("\x11")  # Ctrl-Q
        self.ended()

    def test_view_that_breaks_leaves_the_run_to_a_plain_one(self) -> None:
        self.start(end=";", before="from lib.terminal import frame\nframe.draw = None")
        wait_for(self.cwd / "logs" / "waits.log")
        (self.cwd / "go").touch()
        text = self.ended()
        self.assertRegex(text, r"PASS  waits  [0-9.]+ s")
        self.assertRegex(self.log(), "NOTE  the view LiveView broke: TypeError")
        self.assertIn("END   exit code 0", self.log())


class Keys(OnTerminal):
    def test_one_job_is_cancelled_and_the_run_goes_on(self) -> None:
        self.start(f"{WAITS}, Job('long', 'sleep 1000'), Job('after', 'true', ['long'])")
        self.terminal.type("c")
        if "cancel waits?" in self.terminal.until("? Enter"):
            self.terminal.type("\x1b[B")
            self.terminal.until("cancel long?")
        self.terminal.type("\r")
        self.terminal.until("CANCEL")
        (self.cwd / "go").touch()
        self.ended()
        self.assertRegex(self.log(), r"CANCEL long \(cancelled by a user\)")
        self.assertRegex(self.log(), "PASS  waits")
        self.assertRegex(self.log(), "SKIP  after")

    def test_q_ends_the_run_as_ctrl_c_does(self) -> None:
        self.start()
        self.terminal.type("q")
        *_, last, _ = self.ended().splitlines()  # the prompt
        self.assertIn("INTERRUPTED by SIGINT", self.log())
        self.assertRegex(last, r"END   exit code 130: ended by SIGINT$")

    def test_keys_are_not_echoed_and_not_left_for_the_shell(self) -> None:
        self.start()
        self.terminal.type("zzzzz")
        (self.cwd / "go").touch()
        self.assertNotIn("zzzzz", self.ended())
        self.assertNotIn("zzzzz", self.terminal.read(0.3))


class Shown(OnTerminal):
    def test_end_of_a_failed_log_is_shown_while_others_run(self) -> None:
        self.start(f"{WAITS}, Job('red', 'echo why it is red; exit 3')")
        self.terminal.until("    why it is red")
        self.assertNotIn("END", self.log())
        (self.cwd / "go").touch()
        self.ended()

    def test_end_of_a_run_shows_no_log_again_and_names_the_failed_test_case(self) -> None:
        (self.cwd / "wrote.xml").write_text(CASES)
        red = "Job('red', 'sleep 1; cp wrote.xml r.xml; echo why it is red; exit 3', junit='r.xml')"
        self.terminal.type(f"{program(self.cwd, red)}\n")
        text = self.ended()
        self.assertEqual(text.count("    why it is red"), 1)
        section = re.split("^--- red", text, flags=re.MULTILINE)[1].split("\n")
        self.assertEqual(
            [line.rstrip() for line in section[1:3]],
            ["    (the end of its log is shown above)", "    FAILED cart::test_total"],
        )
        self.assertIn("\x1b[31m    FAILED cart::test_total\x1b[0m", self.terminal.seen)

    def test_log_cannot_control_the_terminal(self) -> None:
        evil = r"printf 'evil \033[2J\033]0;title\007\033[8m end'; exit 3"
        self.start(f"{WAITS}, Job('evil', {evil!r})")
        self.terminal.until("evil  end")
        (self.cwd / "go").touch()
        self.ended()
        for sequence in ("\x1b[2J", "\x1b]0", "\x1b[8m"):
            self.assertNotIn(sequence, self.terminal.seen)


class WithoutDrawing(unittest.TestCase):
    def seen(self, flags: str = "", shown: str = "said", **env: str) -> str:
        """Return all that a run shows on a terminal, with its colors; it goes on until `shown`."""
        cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        terminal = Terminal(env=env)
        self.addCleanup(terminal.close)
        jobs = r"Job('a', 'printf \"\\342\\234\\223 said\"; until test -e go; do sleep .1; done')"
        terminal.type(f"{program(cwd, jobs)} {flags}\n")
        terminal.until(shown)
        (cwd / "go").touch()
        terminal.until(lambda read: " END " in read and read.endswith("$ "))
        return terminal.seen

    def test_dumb_terminal_gets_lines(self) -> None:
        text = self.seen(shown="START a", TERM="dumb")
        self.assertIn("START a", text)
        self.assertNotIn("\x1b", text.replace("\x1b[?2004", ""))

    def test_colors_are_left_out_on_request(self) -> None:
        for flags, env in (("--no-color", {}), ("", {"NO_COLOR": "1"})):
            self.assertNotRegex(self.seen(flags, **env), r"\x1b\[[0-9;]*m")
        self.assertRegex(self.seen(FORCE_COLOR="1", NO_COLOR="1"), r"\x1b\[[0-9;]+m")

    def test_terminal_without_utf_8_gets_ascii(self) -> None:
        text = self.seen(PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
        self.assertIn("+ said", text)
        self.assertTrue(text.isascii(), text)


if __name__ == "__main__":
    unittest.main()
