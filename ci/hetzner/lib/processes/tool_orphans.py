"""Stops the orphans of the programs around the jobs: git, uv, pnpm and their children.

Jobs themselves belong to the executor. While no job runs only these programs make processes, so
every orphan that has come to us, of any group or session, is theirs.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from lib.processes import kill, process_table, subreaper
from lib.processes.process_tree import ProcessTrees


class ToolOrphans:
    """The orphans of helper programs from now on; existing children do not count."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._table = process_table.table()
        self._was_subreaper = subreaper.adopt()
        run = process_table.run_id(self._table, os.getpid())
        self._processes = ProcessTrees(self._table, run, subreaper=self._was_subreaper is not None)

    def spare(self) -> None:
        """Leave the children that there are now alone: their starter ends them."""
        self._processes.spare_children()

    def end(self) -> bool:
        """Stop them and name them; return whether none is left.

        Only while no helper runs but those that are spared.
        """
        try:
            ended, survivors = kill.stop(self._table, self._processes.unowned)
        except OSError as error:
            ended, survivors = [], [f"processes that cannot be read: {error}"]
        if ended:
            self._say(f"LEAK  of the preparation, stopped: {'; '.join(ended)}")
        if survivors:
            self._say(f"LEAK  could not be stopped: {'; '.join(survivors)}")
        return not survivors

    def close(self) -> None:
        """Adopt no more."""
        self._processes.close()
        subreaper.release(self._was_subreaper)
