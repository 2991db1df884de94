"""Holds the ports of jobs across all runs of the machine, and its pools if the runs say so.

The claims of a run stand in its entry of the register, and one lock, the ledger, lets one run at a
time change them. So a claim ends with its run, however that ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence

from lib.common import plain_time
from lib.machine import claims as machine_claims
from lib.machine import place as machine_place
from lib.machine import register as machine_register
from lib.machine.live_run import Hold, LiveRun, Wait
from lib.machine.register import PATIENCE, Registration
from lib.model.job import Job
from lib.model.phases import Node
from lib.processes.process_table import TAG
from lib.scheduler.protocol import Refused

LONGEST_BUSY = 10.0  # seconds for which the ledger may stay with others until we do without
NOT_WAITING = "this run is not to wait for others (--no-wait)"
NOTHING = Hold(0)


class MachineLocks:
    """What the jobs of this run hold of the machine: the `MachineShare` of its scheduler.

    `pools` are the shared pools and their amounts, `usual` the usual seconds of jobs. If the place
    cannot be used, everything is granted; if that shows during the run, `note` tells it once.
    """

    def __init__(
        self,
        registration: Registration,
        note: Callable[[str], None],
        *,
        pools: Mapping[str, int],
        usual: Mapping[str, float],
        wait: bool,
    ) -> None:
        self._registration = registration
        self._note = note
        self._pools = pools
        self._usual = usual
        self._wait = wait
        self._held: dict[str, dict[str, Hold]] = {}  # by node
        self._waits: dict[str, Wait] = {}
        self._busy_since: float | None = None
        self._outer = {part.partition("/")[0] for part in os.environ.get(TAG, "").split(":")}

    def needs(self, job: Job) -> Mapping[str, int]:
        """Return the ports of a job, and its share of the shared pools."""
        return machine_claims.needs(job.resources, self._pools)

    def take(self, node: Node, *, stuck: bool) -> Refused | None:
        """Take all that a node needs, or nothing. Never blocks for longer than a moment."""
        if self._registration.problem:
            return None
        try:
            with machine_place.opened() as place, place.ledger(PATIENCE) as alone:
                if not alone:
                    return self._busy()
                self._busy_since = None
                if not self._registration.in_place(place):
                    self._registration.renew()
                mine = self._registration.name
                others = machine_register.others(place, lambda name: name != mine)
                others = [run for run in others if run.run not in self._outer]
                return self._decide(node, others, stuck)
        except OSError as error:
            self._do_without(f"{machine_place.path()} cannot be used: {error.strerror or error}")
            return None

    def give(self, node: Node) -> None:
        """Give back what a node has taken."""
        self._waits.pop(node.key, None)
        if self._held.pop(node.key, None):
            self._registration.change(**self._claims(stuck=False))

    def _decide(self, node: Node, others: Sequence[LiveRun], stuck: bool) -> Refused | None:
        """Claim what a node needs, or claim that it waits. Raises OSError."""
        now = time.time()
        needs, me = self.needs(node.job), self._registration.me
        before = self._waits.get(node.key)
        wait = Wait(node.job.name, needs, before.since if before else now, now, "")
        lacking = machine_claims.lacking(needs, me, others, self._pools)
        if lacking:
            holders = machine_claims.holders(lacking, me, others)
        else:
            first = machine_claims.goes_first(wait, me, others, self._pools, now)
            holders = [first] if first else []
        if not holders:
            self._grant(node, needs, now)
            return None
        refused = _refused(lacking or list(needs), holders, now)
        if not self._wait:
            return refused._replace(final=NOT_WAITING)
        held_by = f"{refused.what}, held by {refused.holders}"
        self._waits[node.key] = wait._replace(held_by=held_by)
        self._registration.claim(**self._claims(stuck=stuck))
        return self._out_of_deadlock(node, needs, others, refused) if stuck else refused

    def _grant(self, node: Node, needs: Mapping[str, int], now: float) -> None:
        usual = None if node.job.service else self._usual.get(node.job.name)
        until = None if usual is None else now + usual
        self._waits.pop(node.key, None)
        self._held[node.key] = {name: Hold(amount, until) for name, amount in needs.items()}
        try:
            self._registration.claim(**self._claims(stuck=False))
        except OSError:
            del self._held[node.key]
            raise

    def _out_of_deadlock(
        self, node: Node, needs: Mapping[str, int], others: Sequence[LiveRun], refused: Refused
    ) -> Refused | None:
        """Return the answer where runs may wait for each other: the youngest gives way.

        To share a pool is a favour, so it takes its part of that; a port it cannot have.
        """
        me = self._registration.me
        stuck = machine_claims.deadlocked(me, others, self._pools)
        if not stuck or machine_claims.gives_way(stuck) is not me:
            return refused
        ports = {name: amount for name, amount in needs.items() if machine_claims.is_port(name)}
        if machine_claims.lacking(ports, me, others, self._pools):
            why = "it waits for what a service of this run holds, so both would wait for ever"
            del self._waits[node.key]
            return refused._replace(final=why)
        self._grant(node, needs, time.time())
        return None

    def _claims(self, *, stuck: bool) -> dict[str, object]:
        """Return the fields of our entry in the register that tell of our claims."""
        holds: dict[str, Hold] = {}
        for held in self._held.values():
            for name, hold in held.items():
                amount = holds.get(name, NOTHING).amount + hold.amount
                holds[name] = Hold(amount, hold.until)
        oldest = time.time() - machine_claims.FRESH
        waits = tuple(wait for wait in self._waits.values() if wait.asked > oldest)
        return {"holds": holds, "waits": waits, "stuck": stuck}

    def _busy(self) -> Refused | None:
        """Return the answer when others keep the ledger, which takes no longer than a moment."""
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        if now - self._busy_since > LONGEST_BUSY:
            ledger = machine_place.path() / machine_place.LEDGER
            self._do_without(f"another process has kept {ledger} for {LONGEST_BUSY:g} s")
            return None
        return Refused("the register of the machine", "another run")

    def _do_without(self, problem: str) -> None:
        self._registration.problem = problem
        self._note(f"ports are not held against other runs of this machine: {problem}")


def _refused(names: Sequence[str], holders: Sequence[LiveRun], now: float) -> Refused:
    named = " and ".join(run.named for run in holders)
    ends = [_end(run, names) for run in holders]
    known = [end for end in ends if end is not None]
    when = plain_time.expected_end(max(known) - now) if len(known) == len(ends) else ""
    return Refused(", ".join(names), named, when)


def _end(run: LiveRun, names: Sequence[str]) -> float | None:
    """Return the expected moment at which a run gives these back; None if it is unknown."""
    ends = [run.holds[name].until for name in names if name in run.holds]
    if ends and all(end is not None for end in ends):
        return max(end for end in ends if end is not None)
    return run.expected_end
