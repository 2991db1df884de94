#!/usr/bin/env python3
"""The worker as `pipeline.py queue worker` has it, which waits less long for commands to end.

`short_worker.py TERM KILL FLAGS…`: seconds from the end of a command's input to the signals.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lib.commands import program
from lib.common import program_end
from lib.configuration import service_settings
from lib.queue_worker import worker
from lib.queue_worker.escalation import Patience


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--once", action="store_true")
    given = parser.parse_args(words[2:])
    return worker.work(
        service_settings.load(),
        lambda line: print(line, flush=True),
        workers=given.workers,
        once=given.once,
        patience=Patience(float(words[0]), float(words[1])),
    )


if __name__ == "__main__":
    program_end.run(lambda words: program.run(lambda: main(list(words)), "short_worker.py"))
