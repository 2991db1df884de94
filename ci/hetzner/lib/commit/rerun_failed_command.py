"""The command that runs again what an earlier run has not proven."""

from __future__ import annotations

import shlex

from lib.buckaroo.settings import Settings
from lib.git.git_command import CheckoutError, resolve


def command(program: str, sha: str, config: Settings) -> str:
    """Return the command; `sha` is '' for the tree of the checkout itself.

    Returns '' for a commit that the checkout does not have.
    """
    try:
        tree = resolve(config.repo_dir, sha) if sha else "--in-place"
    except CheckoutError:
        return ""
    places = ["--repo", str(config.repo_dir), "--state-dir", str(config.state_dir)]
    return shlex.join(["python3", program, "rerun", "--failed", tree, *places])
