"""What of the caller's environment does not reach jobs, and what does."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from dsl import Cache, Job, Pipeline
from lib.common import inherited_environment
from lib.common.inherited_environment import AS_COMMITTED

ROOT = Path(inherited_environment.__file__).parents[2]
HOOK = {"GIT_DIR": "/dev/repo/.git", "GIT_INDEX_FILE": "/dev/repo/.git/index", "GIT_PREFIX": "a/"}
CONFIG = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
BASH = {
    "BASH_ENV": "/dev/null/rc",
    "SHELLOPTS": "braceexpand:hashall:noexec",
    "BASHOPTS": "extglob",
    "BASH_FUNC_test%%": "() { return 0; }",
    "CDPATH": "/",
    "GLOBIGNORE": "*",
    "POSIXLY_CORRECT": "1",
    "PS4": "$(exit)",
    "TMOUT": "1",
}
OUTER = {"CI_OUT_BUILD_TOOL": "/outer/tool", "CI_JOB": "outer", "PYTEST_K_FILTER": "one"}

NONE_OR_EXPLICIT: tuple[Mapping[str, str] | None, ...] = (None, {})


class Without(unittest.TestCase):
    def test_variables_that_git_calls_local_are_left_out(self) -> None:
        listed = subprocess.check_output(["git", "rev-parse", "--local-env-vars"], text=True)
        caller = dict.fromkeys(listed.split(), "x")
        self.assertEqual(inherited_environment.without(caller, caller), {})

    def test_variables_of_a_hook_a_shell_and_an_outer_run_are_left_out(self) -> None:
        # ENV is read by interactive shells only (POSIX, sh), and means a stage to many programs
        kept = {"HOME": "/root", "GIT_SSH_COMMAND": "ssh -v", "ENV": "production"}
        caller = {**HOOK, **BASH, **OUTER, "OLDPWD": "/", **kept}
        self.assertEqual(inherited_environment.without(caller, caller), kept)

    def test_variable_with_another_value_than_the_callers_is_kept(self) -> None:
        meant = {"BASH_ENV": "/mine", "GIT_DIR": "/other", "CI_OUT_BUILD_TOOL": "/mine"}
        caller = {**HOOK, **BASH, **OUTER}
        self.assertEqual(inherited_environment.without({**caller, **meant}, caller), meant)

    def test_settings_of_git_are_removed_in_a_hook_and_kept_elsewhere(self) -> None:
        self.assertEqual(inherited_environment.without(CONFIG, CONFIG), CONFIG)
        within = {**HOOK, **CONFIG}
        self.assertEqual(inherited_environment.without(within, within), {})

    def test_who_commits_is_the_hooks_in_a_hook_and_a_persons_elsewhere(self) -> None:
        names = ["AUTHOR_NAME", "COMMITTER_DATE", "EDITOR", "SEQUENCE_EDITOR", "EXEC_PATH"]
        names += ["REFLOG_ACTION", "PUSH_OPTION_COUNT", "PUSH_OPTION_0"]
        caller = {f"GIT_{name}": "x" for name in names}
        self.assertEqual(inherited_environment.without(caller, caller), caller)
        within = {**HOOK, **caller}
        self.assertEqual(inherited_environment.without(within, within), {})

    def test_git_settings_of_a_run_reach_the_jobs_of_an_inner_one(self) -> None:
        caller = {**AS_COMMITTED, **CONFIG}
        self.assertEqual(inherited_environment.without(caller, caller), caller)


class Jobs(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def sees(
        self,
        cmd: str | list[str],
        around: Mapping[str, str],
        env: Mapping[str, str] | None = None,
        **own: str,
    ) -> str:
        """Return the output of a job whose runner was started with these variables."""
        with mock.patch.dict(os.environ, around):
            job = Job("job", cmd, env=own)
            logs = self.root / "logs"
            given = {**os.environ, **env} if env is not None else None
            quiet = io.StringIO()
            Pipeline([job], "s", "b", logs, cwd=self.root, env=given, console=quiet).run()
        return (logs / "job.log").read_text().strip()

    def test_pwd_is_the_directory_of_the_job_for_a_list_too(self) -> None:
        around = {"PWD": "/elsewhere", "OLDPWD": "/"}
        for env in NONE_OR_EXPLICIT:
            self.assertEqual(self.sees(["printenv", "PWD"], around, env), str(self.root))
            self.assertEqual(self.sees(["printenv", "OLDPWD"], around, env), "")
            self.assertEqual(self.sees("echo $PWD", around, env), str(self.root))

    def test_pwd_of_the_jobs_own_is_left_to_it(self) -> None:
        self.assertEqual(self.sees(["printenv", "PWD"], {}, PWD="/own"), "/own")

    def test_variables_of_a_hook_do_not_reach_jobs(self) -> None:
        said = self.sees("env", HOOK)
        self.assertFalse([name for name in HOOK if f"{name}=" in said], said)
        self.assertEqual(self.sees("echo $GIT_DIR", HOOK, GIT_DIR="/mine"), "/mine")

    def test_settings_of_the_callers_shell_do_not_reach_jobs(self) -> None:
        rc = self.root / "rc"
        rc.write_text("exit 0\n")
        around = {**BASH, "BASH_ENV": str(rc)}
        for env in NONE_OR_EXPLICIT:
            self.assertEqual(self.sees("test 1 = 2 || echo ran", around, env), "ran")
        self.assertEqual(self.sees("echo ran", {}, BASH_ENV=str(rc)), "")
        self.assertEqual(self.sees("echo ran", {}, {"BASH_ENV": str(rc)}), "")

    def test_outputs_of_an_outer_run_do_not_reach_an_inner_one(self) -> None:
        self.assertEqual(self.sees("echo [$CI_OUT_BUILD_TOOL$PYTEST_K_FILTER]", OUTER), "[]")

    def test_tags_of_outer_runs_stay(self) -> None:
        said = self.sees("echo $CI_RUN_TAG", {"CI_RUN_TAG": "r1-1/outer"})
        self.assertRegex(said, r"^r1-1/outer:r\d+-\d+/job$")

    def test_output_of_a_hung_python_is_in_its_log(self) -> None:
        program = "import os, time; print('step'); os.kill(os.getpid(), 9)"
        with mock.patch.dict(os.environ):
            os.environ.pop("PYTHONUNBUFFERED", None)
            self.assertEqual(self.sees(["python3", "-c", program], {}), "step")
            self.assertEqual(self.sees("echo $PYTHONUNBUFFERED", {"PYTHONUNBUFFERED": ""}), "")
            self.assertEqual(self.sees("echo $PYTHONUNBUFFERED", {}, PYTHONUNBUFFERED="x"), "x")


class Around(unittest.TestCase):
    """Runners that a real git and a real make have started."""

    PROGRAM = f"""
import io, sys
sys.path.insert(0, {str(ROOT)!r})
from dsl import Cache, Job, Pipeline
key = Cache("env", "made", "store").key()
job = Job("job", sys.argv[1])
code = Pipeline([job], "s", "b", "logs", cwd=".", console=io.StringIO()).run()
print(code, open("logs/job.log").read(), "key:", key)
"""
    VARIES = ("CI_RUN", "PATH=", "SHLVL=", "_=", "TERM", "COLUMNS=", "LINES=")

    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        (self.root / "program.py").write_text(self.PROGRAM)

    def start(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def said(self, name: str) -> list[str]:
        lines = (self.root / name).read_text().splitlines()
        return sorted(line for line in lines if not line.startswith(self.VARIES))

    def runner(self, said: str, job: str = "env") -> str:
        return f"{sys.executable} program.py '{job}' >{said}"

    def test_a_job_and_a_key_command_see_the_same_variables_in_a_hook_as_outside(self) -> None:
        outside = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
        with mock.patch.dict(os.environ, outside, clear=True):
            self.start("git", "init", "-q")
            hook = self.root / ".git/hooks/pre-commit"
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(f"#!/bin/sh\nenv >caller\n{self.runner('within')}\n")
            hook.chmod(0o755)
            self.start("sh", "-c", self.runner("outside"))
            settings = ("user.name=me", "user.email=me@localhost", f"core.hooksPath={hook.parent}")
            options = [word for setting in settings for word in ("-c", setting)]
            self.start("git", *options, "commit", "-q", "--allow-empty", "-m", "subject")
        self.assertIn("GIT_INDEX_FILE=", (self.root / "caller").read_text())
        self.assertEqual(self.said("within"), self.said("outside"))

    @unittest.skipUnless(shutil.which("make"), "make is not installed")
    def test_make_that_ignores_errors_makes_no_job_green(self) -> None:
        (self.root / "Makefile").write_text(
            f"ci:\n\t+{self.runner('said', 'make check')}\ncheck:\n\tfalse\n"
        )
        for flags in (["-i"], ["-j2", "-i"], ["-k"], ["-n"], ["check=1", "-i"]):
            self.start("make", *flags, "ci")
            self.assertEqual((self.root / "said").read_text()[0], "1", flags)


class Keys(unittest.TestCase):
    def test_key_command_sees_its_own_place_and_nothing_of_a_hook_or_a_shell(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory).resolve()
            (root / "rc").write_text("echo sourced\n")
            around = {**HOOK, **BASH, "BASH_ENV": str(root / "rc"), "PWD": "/elsewhere"}
            names = "GIT_DIR|GIT_INDEX_FILE|GIT_PREFIX|CDPATH"
            command = f"echo $PWD; printenv PWD; env | grep -cE '^({names})=' || true"
            with mock.patch.dict(os.environ, around):
                key = Cache(command, "made", root / "store", cwd=root).key()
        self.assertEqual(key.split(), [str(root), str(root), "0"])


if __name__ == "__main__":
    unittest.main()
