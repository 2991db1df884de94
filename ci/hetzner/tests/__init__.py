"""unit: no process. runs: real processes. faults, bodies, rules: see their docstrings.

Their runs are in a register of their own, so that none waits for a port of another run.
"""

import atexit
import os
import shutil
import tempfile

os.environ.pop("GITHUB_ACTIONS", None)  # in a step of it a run shows other lines
if "CI_MACHINE_DIR" not in os.environ:  # else it is that of the program that started us
    _place = tempfile.mkdtemp(prefix="ci-runner-tests.")
    os.environ["CI_MACHINE_DIR"] = _place
    os.chmod(_place, 0o1777)  # noqa: PTH101 - tests have runs of several users
    atexit.register(shutil.rmtree, _place, ignore_errors=True)
