"""Frames a program: signals end it well, its errors are sentences, and a closed stdout is no error.

Exit codes: 1 an error of the system, 2 bad usage, 128+n signal n.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from lib.commands import declarations
from lib.common import console, interrupts, redact
from lib.common.interrupts import Interrupted
from lib.common.plain_text import printable
from lib.model.declaration_error import DeclarationError
from lib.model.run_facts import Facts
from lib.model.verdict import FAILED, decide
from lib.report import running_jobs

USAGE = declarations.USAGE


def run(what: Callable[[], int], name: str) -> int:
    """Call a function as a program of this name, and return its exit code."""
    with console.forgiving():
        with interrupts.noted() as signals, interrupts.answering(_tell_what_runs):
            code = _code(what, name)
        if signals.ended_by is None:
            return code
        verdict = decide(Facts(signal=signals.ended_by))
        if code != verdict.exit_code:  # else it has told its end by this signal, as a run does
            print(verdict.sentence, file=sys.stderr)
        return verdict.exit_code


def complain(text: str) -> None:
    """Print a text to stderr, without secrets."""
    print(redact.of_environment()(text), file=sys.stderr)


def _code(what: Callable[[], int], name: str) -> int:
    try:
        return what()
    except SystemExit as asked:  # argparse has answered
        return asked.code if isinstance(asked.code, int) else USAGE if asked.code else 0
    except DeclarationError as error:
        complain(declarations.sentences(error))
        return USAGE
    except ValueError as error:
        complain(f"{name}: {error}")
        return USAGE
    except OSError as error:
        complain(f"{name}: {error}")
        return FAILED
    except Interrupted:
        return FAILED  # `run` says by which signal


def _tell_what_runs() -> None:
    """Print the running programs while no jobs run."""
    mask = redact.Redactor(redact.secret_values(os.environ))
    print("\n".join(printable(mask(line)) for line in running_jobs.without_jobs()), flush=True)
