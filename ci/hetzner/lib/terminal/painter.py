"""The thread of the live view: takes what the run says, reads keys, and draws.

It alone writes to the terminal while jobs run, so that the run waits neither for it nor for a
terminal that takes nothing (Ctrl-S).
"""

from __future__ import annotations

import enum
import os
import select
import threading
import time
from collections import deque
from collections.abc import Sequence

from lib.common import threads
from lib.common.console import Console
from lib.model.events import Event
from lib.report.view import ShownRun
from lib.terminal import cells, frame, keyboard, keys
from lib.terminal.cells import Look
from lib.terminal.keyboard import Keyboard
from lib.terminal.keys import Mode
from lib.terminal.run_so_far import RunSoFar
from lib.terminal.screen import Screen

LOOK_AGAIN = 0.25  # seconds: so often it asks for the size of the screen and for the foreground
AT_MOST_EACH = 0.1  # seconds from one picture to the next while lines come
SHARE = 0.01  # of a processor: pictures that take longer are drawn less often
LINE, ORDER = b".", b"!"  # written to wake the thread


class Order(enum.Enum):
    """What the run asks of the thread, beside lines."""

    SUSPEND = "leave the terminal alone until RESUME"
    RESUME = "go on"
    END = "leave the terminal, and end"


Said = tuple[Sequence[str], Event | None]


class Painter:
    """Draws a run on a terminal until it is told to end. `put` and `obey` are for the run's thread.

    `keys_from` is the descriptor of the keyboard's terminal, None without one. `broken` is the
    error that has ended it early.
    """

    def __init__(self, stream: Console, look: Look, run: ShownRun, keys_from: int | None) -> None:
        self._stream = stream
        self._output: int = stream.fileno()
        self._look = look
        self._controls = run.controls
        self._keyboard = Keyboard(keys_from)
        self._screen = Screen(self._write)
        self._run = RunSoFar(run)
        self._mode = Mode()
        self._away = False  # the program is suspended
        self._queue: deque[Said | Order] = deque()
        self._reader, self._writer = os.pipe()
        self._woken = False
        self._obeyed = threading.Event()
        self._thread = threading.Thread(target=self._live, name="live view", daemon=True)
        self._drawn: tuple[object, ...] = ()  # the second and the size of the last picture
        self._next = 0.0  # the time of the next picture, at the earliest
        self.broken: BaseException | None = None

    # ---- for the thread of the run

    def start(self) -> None:
        """Begin. Raises RuntimeError if the system has no thread left."""
        try:
            threads.start(self._thread)
        except RuntimeError:
            self._close_pipe()
            raise

    def put(self, said: Said | Order) -> None:
        """Hand over lines and their event, or an order."""
        self._queue.append(said)
        if isinstance(said, Order):
            os.write(self._writer, ORDER)
        elif not self._woken:
            self._woken = True
            os.write(self._writer, LINE)

    def obey(self, order: Order, seconds: float) -> None:
        """Give an order and wait until it is carried out, at most so many seconds."""
        self._obeyed.clear()
        self.put(order)
        self._obeyed.wait(seconds)

    def close(self, seconds: float) -> list[str]:
        """End, within so many seconds if the terminal takes text; return lines not shown."""
        self.obey(Order.END, seconds)
        self._thread.join(1.0 if self._obeyed.is_set() else 0.0)
        if not self._thread.is_alive():
            self._close_pipe()
        left = [said for said in self._queue if not isinstance(said, Order)]
        self._queue.clear()
        return [line for lines, _ in left for line in lines]

    @property
    def shown_logs(self) -> set[str]:
        """The jobs whose end of log is on the terminal for sure. After `close`."""
        return set() if self.broken or self._thread.is_alive() else self._run.shown

    def _close_pipe(self) -> None:
        os.close(self._reader)
        os.close(self._writer)

    # ---- the thread

    def _live(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as error:  # noqa: BLE001 - a view may break in any way
            self.broken = error
        finally:
            self._leave([])
            self._obeyed.set()

    def _step(self) -> bool:
        """Wait for something to show, and show it; return whether to go on."""
        pressed = self._wait()
        lines: list[str] = []
        while self._queue:
            said = self._queue.popleft()
            if not isinstance(said, Order):
                lines += self._run.follow(*said)
                continue
            self._away = said is not Order.RESUME
            if self._away:
                self._leave(lines)
                lines = []
                self._obeyed.set()
            if said is Order.END:
                return False
        for key in keys.decode(pressed):
            self._press(key)
        self._show(lines, at_once=bool(pressed))
        return True

    def _wait(self) -> bytes:
        """Wait for a while, or until there is something to show; return the keys pressed."""
        pressed, woken = self._select(LOOK_AGAIN)
        if woken == LINE and not pressed:  # lines that come meanwhile are shown together
            pressed, _ = self._select(self._next - time.monotonic())
        self._woken = False
        return pressed

    def _select(self, seconds: float) -> tuple[bytes, bytes]:
        """Return the keys that are pressed, and what wakes the thread, within some time."""
        keys_from = self._keyboard.entered
        sources = [self._reader] if keys_from is None else [self._reader, keys_from]
        ready, _, _ = select.select(sources, [], [], max(0.0, seconds))
        pressed = self._keyboard.read() if keys_from in ready else b""
        return pressed, os.read(self._reader, 1) if self._reader in ready else b""

    def _press(self, key: str) -> None:
        rows = self._size()[1]
        page = max(1, frame.most_rows(rows) - 1)
        self._mode, request = keys.press(self._mode, key, self._run.running, page, self._run.jobs)
        if request is None:
            return
        if request.kind == "quit":
            self._controls.interrupt()
        else:
            self._controls.cancel_job(request.job)

    # ---- the terminal

    def _show(self, lines: list[str], *, at_once: bool) -> None:
        """Draw if there is something new: lines, another second, another size."""
        if self._away or not keyboard.in_foreground(self._output):
            self._leave(lines)
            return
        self._keyboard.enter()
        size = self._size()
        drawn = (int(self._run.now), size)
        if lines or at_once or (drawn != self._drawn and self._next <= time.monotonic()):
            began = time.thread_time()
            columns, rows = size
            picture = self._run.picture(self._mode, rows, keys=self._keyboard.entered is not None)
            made = frame.draw(picture, columns, rows, self._look)
            self._screen.update(self._above(lines), made, size)
            self._drawn = drawn
            pause = max(AT_MOST_EACH, (time.thread_time() - began) / SHARE)
            self._next = time.monotonic() + pause

    def _leave(self, lines: list[str]) -> None:
        self._screen.leave(self._above(lines))
        self._keyboard.leave()
        self._drawn = ()

    def _above(self, lines: list[str]) -> list[str]:
        return [cells.log_line(line, self._look) for line in lines]

    def _size(self) -> tuple[int, int]:
        """Return columns and rows; some terminals tell of none, and one that is gone neither."""
        try:
            columns, rows = os.get_terminal_size(self._output)
        except OSError:
            columns, rows = 0, 0
        return columns or 80, rows or 24

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
