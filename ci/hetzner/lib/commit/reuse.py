"""The reuse of earlier runs by a run of a commit, and its own record for later ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lib.buckaroo import reused_products
from lib.buckaroo.reused_products import Products
from lib.commit.request import Request
from lib.commit.tested_commit import TestedCommit
from lib.git import checkout
from lib.git.checkout import CheckoutError
from lib.model import events
from lib.model.result import Earlier
from lib.model.run_facts import CHANGED, Facts
from lib.run_directories.run_store import RunStore

if TYPE_CHECKING:
    from lib.proof.proof_record import ProofRecord
    from lib.proof.proving import Prover

UNKNOWN_TREE = "all jobs run: the hash of the tree is not known"


class EarlierRuns:
    """The earlier runs, seen from one run of a commit; `say` writes a line of the log.

    After `take`: the jobs to restore, and lines for the beginning of their log.
    """

    def __init__(
        self, request: Request, commit: TestedCommit, log_dir: Path, say: Callable[[str], None]
    ) -> None:
        self.restored: Mapping[str, Earlier] = {}
        self.notes: Sequence[str] = ()
        self._request = request
        self._commit = commit
        self._log_dir = log_dir
        self._say = say
        self._record: ProofRecord | None = None

    def take(self) -> None:
        """Bring what was made before on this tree, and drop the rest; find the proven jobs.

        Outputs of jobs that are left out, and of those that are restored, are brought. Raises
        CheckoutError, OSError, Interrupted.
        """
        request, options, commit = self._request, self._request.options, self._commit
        of = commit.sha + (" in place" if options.in_place else "")
        made = Products(request.config, commit.tree, of, self._say)
        made.drop_others()
        for job in reused_products.left_out(request.table, request.chosen):
            if job.name == "build-wheel" and options.phase == "5b":
                self._bring_wheel(made)
            else:
                made.bring(job)
        if options.asks_for_all:
            self._prove(made)

    def listeners(self) -> list[events.Listener]:
        """Return the listener that records what the run proves; none if it does not."""
        return [] if self._record is None else [self._record]

    def finish(self, facts: Facts) -> None:
        """Write the rest of the record, when the verdict is known."""
        if self._record is None:
            return
        try:
            changed = self._commit.tree_now() != self._commit.fields.get("tree")
            self._record.finish([*facts.doubts(), *([CHANGED] if changed else [])])
        except (CheckoutError, OSError) as error:
            self._not_recorded(error)

    def _bring_wheel(self, made: Products) -> None:
        options, wanted = self._request.options, self._commit.sha
        if options.wheel_from:
            wanted = checkout.resolve(self._request.config.repo_dir, options.wheel_from)
        if missing := made.bring_wheel(wanted):
            raise CheckoutError(missing)
        without = ", without uncommitted changes" if options.in_place else ""
        self._say(f"NOTE  the wheel is the one that was kept of {wanted}{without}")

    def _prove(self, made: Products) -> None:
        request, commit = self._request, self._commit
        tree = commit.fields.get("tree")
        if not tree:
            self.notes = [UNKNOWN_TREE] if request.options.only_failed else []
            return
        from lib.commit import prover  # late: only a run of everything proves something

        known = prover.of_run(request, tree, commit.tree)
        if request.options.only_failed:
            self._restore(known, made)
        try:
            own = commit.tree != request.config.repo_dir
            self._record = known.record(self._log_dir, own_tree=own)
        except OSError as error:
            self._not_recorded(error)

    def _restore(self, known: Prover, made: Products) -> None:
        store = RunStore(self._request.config.state_dir)
        prepare = self._request.preparations(self._commit.tree).to_do
        rerun = known.rerun(store, made.bring, prepare)
        self.restored, self.notes = rerun.restored, rerun.notes

    def _not_recorded(self, error: Exception) -> None:
        self._say(f"NOTE  what this run proves is not recorded: {error}")
