"""Runs a module of tests in namespaces of its own (unshare(1)): nothing of the machine is in reach.

For tests of actions that another pipeline of this machine would take as well, such as stopping the
processes of a dead run, or that must not reach it, such as killing by name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.executable).resolve()  # not an environment's, which may be below /tmp
PROCESSES, FILES = ("-Urp",), ("-Urmp",)
# $1 is the directory of the runner, which may be below the /tmp that is covered
OWN_TMP = 'mount --rbind "$1" /mnt && mount -t tmpfs none /tmp && cd /mnt'


def run(
    case: unittest.TestCase, module: str, namespaces: tuple[str, ...], enter: str = ":"
) -> None:
    """Run `tests.<module>` after the command `enter`, and fail `case` if it fails."""
    # the shell stays: a test as pid 1 would not be sent the signals that it has no handler for
    script = f'{enter} && "$PYTHON" -m unittest -v tests.{module}; exit $?'
    unwanted = ("CI_RUN", "CI_BOX", "TMP")
    variables = {n: v for n, v in os.environ.items() if not n.startswith(unwanted)}
    unshare = ["unshare", *namespaces, "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run(
        [*unshare, "bash", "-c", script, "bash", str(HERE)],
        cwd=HERE,
        env=variables | {"PYTHON": str(PYTHON), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    case.assertEqual(done.returncode, 0)
    case.assertRegex(done.stdout, r"(?m)^Ran [1-9]\d* tests? in ")
