"""Signals are noted and not raised, and cut short only what waits."""

from __future__ import annotations

import os
import signal
import threading
import unittest

from lib.common import interrupts
from lib.common.interrupts import Interrupted
from lib.processes.wait import SignalPipe

TERM, HUP = signal.SIGTERM, signal.SIGHUP


def send(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


class TestInterrupts(unittest.TestCase):
    def test_signal_is_noted_and_raises_nothing_outside_of_a_wait(self) -> None:
        with interrupts.noted() as signals:
            send(TERM, HUP)
        self.assertEqual(signals.came, [TERM, HUP])

    def test_signal_cuts_a_wait_short(self) -> None:
        waits = interrupts.cut_short()
        with interrupts.noted(), self.assertRaises(Interrupted) as raised, waits:
            send(HUP)
            threading.Event().wait()
        self.assertEqual(raised.exception.number, HUP)

    def test_signal_that_came_before_cuts_the_next_wait_short(self) -> None:
        with interrupts.noted():
            send(TERM)
            with self.assertRaises(Interrupted):
                interrupts.sleep(60)

    def test_patience_withstands_one_signal_more_and_no_second(self) -> None:
        with interrupts.noted() as signals:
            send(TERM)
            signals.be_patient()
            with interrupts.cut_short():
                send(TERM)
            with self.assertRaises(Interrupted), interrupts.cut_short():
                send(TERM)

    def test_wait_that_is_over_is_not_cut_short(self) -> None:
        with interrupts.noted() as signals:
            with interrupts.cut_short():
                pass
            send(TERM)
            self.assertEqual(signals.came, [TERM])

    def test_other_threads_are_not_cut_short(self) -> None:
        inside, go_on = threading.Event(), threading.Event()

        def wait() -> None:
            with interrupts.cut_short():
                inside.set()
                go_on.wait()

        with interrupts.noted() as signals:
            thread = threading.Thread(target=wait)
            thread.start()
            inside.wait()
            send(TERM)
            go_on.set()
            thread.join()
        self.assertEqual(signals.came, [TERM])

    def test_handlers_are_given_back(self) -> None:
        before = [signal.getsignal(number) for number in interrupts.SIGNALS]
        with interrupts.noted():
            pass
        self.assertEqual([signal.getsignal(number) for number in interrupts.SIGNALS], before)

    def test_ignored_signal_stays_ignored(self) -> None:
        before = signal.signal(HUP, signal.SIG_IGN)
        try:
            with interrupts.noted() as signals:
                send(HUP)
            self.assertEqual(signals.came, [])
        finally:
            signal.signal(HUP, before)


class TestSignalPipe(unittest.TestCase):
    def test_no_signal_is_lost_between_two_handlers(self) -> None:
        with interrupts.noted() as signals:
            send(TERM)
            pipe = SignalPipe(interrupts.SIGNALS)
            self.assertEqual(pipe.read(), (TERM,))
            send(HUP)
            self.assertEqual(pipe.read(), (HUP,))
            send(TERM)
            pipe.close()
            self.assertEqual(pipe.ends(), (TERM,))
            send(HUP)
        self.assertEqual(signals.came, [TERM, HUP, TERM, HUP])

    def test_signal_from_before_makes_the_pipe_readable(self) -> None:
        with interrupts.noted():
            send(TERM)
            pipe = SignalPipe(interrupts.SIGNALS)
            self.assertEqual(os.read(pipe.fileno(), 1), b"\0")
            pipe.close()

    def test_program_without_a_record_hears_of_them_too(self) -> None:
        pipe = SignalPipe(interrupts.SIGNALS)
        send(TERM)
        self.assertEqual(pipe.read(), (TERM,))
        pipe.close()


if __name__ == "__main__":
    unittest.main()
