"""Runs one commit of the demo: exactly the right jobs go red, or have nothing to test.

`expect.py STATE_DIR COMMIT`: what has to fail on it stands in lib/buckaroo/demo.py; what
depends on that is skipped. The notebooks, which take longest, are shown on the green commit only.
"""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
sys.path[: not sys.flags.safe_path] = [str(HERE)]

from lib.buckaroo import demo  # noqa: E402

# the jobs that a commit predates: they have nothing to test there, and pass with 5
PREDATED = {"old": ("playwright-server", "playwright-wasm-marimo")}
LEFT_OUT = "jupyter-warmup,install-wheel,playwright-jupyter"


def _last_code(attempts: list[dict[str, int | None]]) -> int | None:
    return attempts[-1]["exit_code"] if attempts else None


def main(state: Path, commit: str) -> int:
    """Return 0 if exactly the expected jobs failed, and the exit code says so."""
    command = [sys.executable, str(HERE / "pipeline.py"), "--state-dir", str(state), "--demo"]
    code = subprocess.run([*command, commit, "--skip-jobs", LEFT_OUT], check=False).returncode
    sha = demo.prepare(state, print).commits[commit]
    summary = json.loads((state / "logs" / sha / "summary.json").read_text())
    outcomes = {job["name"]: job["outcome"] for job in summary["jobs"]}
    failed = {name for name, outcome in outcomes.items() if outcome in ("failed", "timed out")}
    ran = [name for name, outcome in outcomes.items() if outcome != "skipped"]
    patterns = demo.OTHERS[commit]
    wanted = {name for pattern in patterns for name in fnmatch.filter(ran, pattern)}
    empty = {job["name"] for job in summary["jobs"] if _last_code(job["attempts"]) == 5}
    nothing = {name for name in PREDATED.get(commit, ()) if name in ran}
    print(f"exit code {code}; failed: {sorted(failed)}; expected: {sorted(wanted)}")
    print(f"nothing to test: {sorted(empty)}; expected: {sorted(nothing)}")
    right = failed == wanted and bool(wanted) == bool(patterns) and empty == nothing
    return 0 if right and code == (1 if patterns else 0) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
