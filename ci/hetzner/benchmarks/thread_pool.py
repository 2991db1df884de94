"""A thread pool that starts tasks.tsv in order: the twenty lines that a user would write."""

import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from graphlib import TopologicalSorter
from queue import SimpleQueue

rows = [line.rstrip("\n").split("\t") for line in open("tasks.tsv")]  # noqa: PTH123, SIM115
commands = {name: command for name, _, command in rows}
sorter = TopologicalSorter({name: needs.split() for name, needs, _ in rows})


def run(name: str) -> str:
    """Run one task; raises CalledProcessError."""
    with open(f"logs/{name}.log", "w") as log:  # noqa: PTH123
        subprocess.run(["bash", "-c", commands[name]], stdout=log, stderr=log, check=True)
    return name


if sys.argv[2:] == ["plan"]:
    sys.exit(0 if len(list(sorter.static_order())) == len(rows) else 1)
sorter.prepare()
with ThreadPoolExecutor(int(sys.argv[1])) as pool:
    ended: SimpleQueue[Future[str]] = SimpleQueue()
    while sorter.is_active():
        for name in sorter.get_ready():
            pool.submit(run, name).add_done_callback(ended.put)
        sorter.done(ended.get().result())
