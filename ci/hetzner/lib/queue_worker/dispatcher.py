"""Decides which entry runs where, and when a command is to end: a state machine without processes.

`step` is one round of decisions, to be called after each event and when `due` has come. It can be
called at any time: one that a broken queue has cut short is made up for by the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lib.commit_queue.entry import Entry
from lib.commit_queue.listing import ALL
from lib.commit_queue.states import State
from lib.common.plain_text import one_line
from lib.queue_worker import worker_lines
from lib.queue_worker.entry_ends import EntryEnds
from lib.queue_worker.escalation import Patience, RunningCommand
from lib.queue_worker.outage import Outage
from lib.queue_worker.places import Places
from lib.queue_worker.protocol import DispatcherParts, Gone

RUN = Patience(terminate=30.0, kill=60.0)
PREPARATION = Patience(terminate=3.0, kill=6.0)  # nothing of it is needed
STOPPED = "its worker was stopped"


class Dispatcher:
    """The decisions of the worker `name`, which runs `workers` entries at a time.

    `held_up` is what keeps entries from starting, '' for nothing.
    """

    def __init__(
        self,
        parts: DispatcherParts,
        *,
        name: str,
        workers: int = 1,
        run: Patience = RUN,
        preparation: Patience = PREPARATION,
    ) -> None:
        self._parts = parts
        self._name = name
        self._workers = workers
        self._places = Places(workers)
        self._run, self._preparation = run, preparation
        self._taken: dict[int, Entry] = {}  # entries that run by now, but for their command
        self._commands: dict[int, RunningCommand] = {}
        self._names: dict[int, str] = {}  # of runs that have begun, by place, not kept yet
        self._gone: list[Gone] = []  # commands whose end is not kept yet
        self._ends = EntryEnds(parts.queue)
        self._outage = Outage(parts.now)
        self.held_up = ""
        self._stopping = False

    @property
    def busy(self) -> bool:
        """Whether commands are under way, or ends of some are not kept."""
        return bool(self._taken or self._commands or self._gone)

    @property
    def due(self) -> float:
        """The time of the next step without an event; infinite for none."""
        return min((command.due for command in self._commands.values()), default=math.inf)

    @property
    def running(self) -> list[str]:
        """The names of the entries that run."""
        return [worker_lines.named(entry) for entry in self._entries]

    def keeps_back(self, entry: Entry) -> bool:
        """Whether an entry that waits cannot start as things are, as far as is known."""
        return bool(self._parts.obstacle()) or self._outage.has_tried(entry.id)

    @property
    def _entries(self) -> list[Entry]:
        commands = [c.entry for c in self._commands.values() if not c.prepares]
        return [*self._taken.values(), *commands]

    def step(self) -> None:
        """Heed what has happened, and start what can start. Raises QueueError."""
        self._keep_names()
        self._gone += self._parts.runs.gone()
        while self._gone:
            self._keep_end(self._gone[0])
            del self._gone[0]
        self._heed_requests()
        if not self._stopping:
            self._take()
        self._start()
        self._prepare()
        self._offer_statuses()
        for command in self._commands.values():
            command.escalate(self._parts.runs, self._parts.now())

    def stop(self) -> None:
        """Start nothing more, and ask all commands to end; `step` until none is `busy`."""
        self._stopping = True
        for command in self._commands.values():
            command.ask(self._parts.runs, self._parts.now())

    def kill(self) -> None:
        """End all commands by force."""
        for command in self._commands.values():
            command.kill(self._parts.runs)

    # ---- what has happened

    def _keep_names(self) -> None:
        self._names |= self._parts.runs.names()
        for place, name in list(self._names.items()):
            self._parts.queue.begun(self._commands[place].entry.id, name)
            self._commands[place].begun = True
            self._outage_is_over()
            del self._names[place]

    def _keep_end(self, gone: Gone) -> None:
        command = self._commands[gone.place]
        if command.prepares:
            self._places.prepared(gone.place, command.entry)
            if gone.end.code and not command.asked:
                self._say(command.entry, f"was not prepared (exit code {gone.end.code})")
        else:
            judgement = self._ends.record(command.entry, gone, stopping=self._stopping)
            seconds = self._parts.now() - command.began
            self._parts.say(worker_lines.ended(command.entry, judgement, seconds))
            if gone.end.began:
                self._outage_is_over()
            elif judgement.not_started and judgement.state is State.WAITING:
                self._outage.failed(command.entry.id, judgement.reason)
        del self._commands[gone.place]

    def _heed_requests(self) -> None:
        """End what was asked to end: cancelled, or superseded."""
        running = self._parts.queue.entries(states=[State.RUNNING], limit=ALL)
        self._put_back_unknown(running)
        asked = {entry.id: entry.asked_to_end for entry in running if entry.asked_to_end}
        ours = {entry.id for entry in running if entry.worker == self._name}
        for place, entry in list(self._taken.items()):
            if self._stopping or entry.id in asked:
                if entry.id in ours:
                    self._parts.queue.put_back(entry.id, STOPPED)  # it ends there if it is to end
                del self._taken[place]
        for command in self._commands.values():
            why = asked.get(command.entry.id)
            if why and not command.prepares and not command.asked:
                self._say(command.entry, f"is asked to end: {one_line(why)}")
                command.ask(self._parts.runs, self._parts.now())

    def _put_back_unknown(self, running: Sequence[Entry]) -> None:
        """Put back entries whose start was kept by the queue, which then told of an error."""
        known = {entry.id for entry in self._entries}
        for entry in running:
            if entry.worker == self._name and entry.id not in known:
                self._parts.queue.put_back(entry.id, "its start was cut short by an error")

    # ---- what can start

    def _take(self) -> None:
        queue = self._parts.queue
        while self._slots_are_free():
            coming = queue.peek()
            if self._is_held_up(coming) or coming is None:
                return
            place = self._place_for(coming)
            if (entry := queue.take(self._name, place)) is None:
                return
            self._taken[place] = entry

    def _is_held_up(self, coming: Entry | None) -> bool:
        """Return whether something keeps entries from starting; tell what."""
        obstacle = self._parts.obstacle() if coming else ""
        trying = bool(self._taken) or any(
            not (command.begun or command.prepares) for command in self._commands.values()
        )
        reason = obstacle or (self._outage.why if coming or trying else "")
        self._announce(reason)
        is_news = coming is not None and not self._outage.has_tried(coming.id)
        rests = self._outage.rests and not is_news
        return bool(obstacle or (self._outage.why and (trying or rests)))

    def _announce(self, reason: str) -> None:
        if reason != self.held_up:
            self._parts.queue.set_message(reason)
            self.held_up = reason
            self._parts.say(f"nothing is started: {reason}" if reason else "starts again")

    def _outage_is_over(self) -> None:
        if self._outage.why:
            self._outage.over()
            self._announce("")

    def _slots_are_free(self) -> bool:
        return len(self._entries) < self._workers

    def _place_for(self, entry: Entry) -> int:
        taken = {*self._taken, *(p for p, c in self._commands.items() if not c.prepares)}
        preparing = {p: c.entry for p, c in self._commands.items() if c.prepares}
        return self._places.best(entry, taken, preparing)

    def _start(self) -> None:
        """Start the commands of taken entries at places where no preparation goes on any more."""
        for place, entry in list(self._taken.items()):
            if preparation := self._commands.get(place):
                preparation.ask(self._parts.runs, self._parts.now())
            elif not entry.speaks or self._parts.statuses.clear(entry.sha):
                del self._taken[place]
                self._places.used(place)
                self._parts.say(worker_lines.started(entry, place))
                self._run_command(entry, place, self._run, prepare=False)

    def _prepare(self) -> None:
        """Prepare the next entry while others run; end a preparation that is of no use."""
        under_way = [c for c in self._commands.values() if c.prepares]
        if not under_way and (self._stopping or not self._parts.runs.prepares):
            return
        full = not self._slots_are_free() and not self._stopping
        coming = self._parts.queue.peek() if full else None
        for command in under_way:
            if coming is None or command.entry.id != coming.id:
                command.ask(self._parts.runs, self._parts.now())
        if coming is None or under_way or self._places.has(coming):
            return
        if not (self._parts.obstacle() or self._outage.why):
            place = self._place_for(coming)
            self._run_command(coming, place, self._preparation, prepare=True)

    def _run_command(self, entry: Entry, place: int, patience: Patience, *, prepare: bool) -> None:
        began = self._parts.now()
        self._commands[place] = RunningCommand(entry, place, began, patience, prepares=prepare)
        self._parts.runs.start(entry, place, prepare=prepare)

    def _offer_statuses(self) -> None:
        """Have posted what the queue has to say, but not of commits that are about to run."""
        about_to = {entry.sha for entry in self._taken.values() if entry.speaks}
        offered = [s for s in self._parts.queue.statuses() if s.sha not in about_to]
        self._parts.statuses.offer(offered)

    def _say(self, entry: Entry, what: str) -> None:
        self._parts.say(f"{worker_lines.named(entry)}: {what}")
