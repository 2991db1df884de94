"""The variables of the caller that jobs and key commands do not see. Pure.

Four kinds of variables belong to the caller's place and not to the job's:

- git's redirections, which git sets for its hooks (githooks(5)): with them a test that makes a
  repository works on the developer's. Others change the meaning of git's arguments.
- variables that an outer run gave to a job which runs a pipeline of its own.
- settings of the caller's shell, with which a job can be green without having run (bash(1),
  INVOCATION).
- settings of a surrounding make, with which a make in a job ignores errors or builds nothing.

A variable with another value than the caller's own is meant, and stays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

# `git rev-parse --local-env-vars` lists them, and a hook's git sets them for its children
REDIRECTIONS = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
# they give git's arguments another meaning (git(1), Environment Variables); editors set some
READINGS = frozenset(
    {
        "GIT_ATTR_SOURCE",
        "GIT_EXTERNAL_DIFF",
        "GIT_GLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
    }
)
# a commit and its parents are those of its SHA (gitreplace(7); the graft file: there is none)
AS_COMMITTED = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": f"{os.devnull}/none"}
# git lists the count as local too, but never sets it: outside of a hook it is a setting of the
# user, as GIT_CONFIG_GLOBAL is, without which git may refuse to work (safe.directory)
SETTINGS = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
# git sets them for a hook, by the person who commits or pushes (git(1), githooks(5)); outside of a
# hook they are settings of the user
OF_A_HOOK = (
    *SETTINGS,
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_PUSH_OPTION_",
    "GIT_REFLOG_ACTION",
    "GIT_SEQUENCE_EDITOR",
)
# GNU make, "Communicating Options to a Sub-make": `-i`, `-n` and `-k`, pipes of a job server that
# are not inherited
MAKE = frozenset(
    {
        "GNUMAKEFLAGS",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MAKEOVERRIDES",
        "MAKE_TERMERR",
        "MAKE_TERMOUT",
        "MFLAGS",
    }
)
OUTER_RUN = frozenset({"CI_JOB", "CI_RUN_ID", "PYTEST_K_FILTER", "PW_GREP_FILTER"})
OUTPUT = "CI_OUT_"
# start-up files, options, and variables that change how a script reads; bash takes no IFS from
# its environment
SHELL = frozenset(
    {
        "BASHOPTS",
        "BASH_COMPAT",
        "BASH_ENV",
        "BASH_XTRACEFD",
        "CDPATH",
        "EXECIGNORE",
        "GLOBIGNORE",
        "GLOBSORT",
        "POSIXLY_CORRECT",
        "PS4",
        "SHELLOPTS",
        "TIMEFORMAT",
        "TMOUT",
    }
)
FUNCTION = "BASH_FUNC_"


def without(environ: Mapping[str, str], caller: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables that belong to the caller's place."""
    in_hook = not (REDIRECTIONS - AS_COMMITTED.keys()).isdisjoint(caller)
    return {
        name: value
        for name, value in environ.items()
        if caller.get(name) != value
        or AS_COMMITTED.get(name) == value  # set by an outer run, and by this one as well
        or not _of_the_caller(name, in_hook=in_hook)
    }


def _of_the_caller(name: str, *, in_hook: bool) -> bool:
    """Whether a variable belongs to the caller's place alone. `environment` sets PWD."""
    return (
        name == "OLDPWD"
        or name in REDIRECTIONS
        or name in READINGS
        or name in SHELL
        or name in MAKE
        or name in OUTER_RUN
        or name.startswith((OUTPUT, FUNCTION))
        or (in_hook and name.startswith(OF_A_HOOK))
    )
