"""The source of each setting, and the refused values."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from lib.buckaroo import settings
from lib.buckaroo.settings import Settings, SettingsError
from lib.common import inherited_environment

BOX = {"CI_BOX": "1"}
RUNNER = Path(settings.__file__).resolve().parents[2]
PROGRAM = RUNNER / "lib" / "settings.py"


def git(*arguments: str, cwd: Path) -> None:
    subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True)


class InCheckout(unittest.TestCase):
    """A developer's place: a home and a fresh git repository."""

    def setUp(self) -> None:
        self.enterContext(unittest.mock.patch.dict(os.environ))
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            del os.environ[name]
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.repo = self.home / "a repo"
        self.repo.mkdir()
        git("init", "-q", cwd=self.repo)
        self.environ = {"HOME": str(self.home), "PATH": os.environ["PATH"]}

    def load(self, environ: dict[str, str] | None = None, **arguments: object) -> Settings:
        return settings.load(arguments, self.environ | (environ or {}), self.repo)

    def problems(self, environ: dict[str, str], **arguments: object) -> list[str]:
        with self.assertRaises(SettingsError) as caught:
            self.load(environ, **arguments)
        return str(caught.exception).splitlines()


class TestSources(InCheckout):
    def test_argument_beats_environment_beats_default(self) -> None:
        self.assertEqual(self.load().timeout, 1800)
        self.assertEqual(self.load({"CI_TIMEOUT": "60"}).timeout, 60)
        self.assertEqual(self.load({"CI_TIMEOUT": "60"}, timeout=5).timeout, 5)
        self.assertEqual(self.load({"CI_TIMEOUT": "60"}, timeout=None).timeout, 60)

    def test_empty_variable_counts_as_unset(self) -> None:
        empty = dict.fromkeys(("CI_TIMEOUT", "CI_STATE_DIR", "CI_PORT_MCP", "GITHUB_REPO"), "")
        self.assertEqual(self.load(empty), self.load())

    def test_relative_and_home_paths_become_absolute(self) -> None:
        found = self.load({"CI_STATE_DIR": "../state", "CI_VENVS_DIR": "x/../v"})
        self.assertEqual(found.state_dir, self.home / "state")
        self.assertEqual(found.venvs_dir, self.repo / "v")

    def test_names_that_are_no_settings_are_passed_over(self) -> None:
        self.assertEqual(self.load(only_jobs="x", fast_fail=True), self.load())

    def test_settings_are_frozen_and_hide_the_token(self) -> None:
        found = self.load({"GITHUB_TOKEN": "ghp_secret\n"})
        self.assertEqual(found.github_token, "ghp_secret")
        self.assertNotIn("ghp_secret", repr(found) + str(found))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            found.box = True  # type: ignore[misc]


class TestPlaces(InCheckout):
    def test_box_defaults_do_not_ask_the_file_system(self) -> None:
        found = settings.load({}, BOX, Path("/nowhere"))
        self.assertTrue(found.box)
        self.assertEqual(
            [found.repo_dir, found.state_dir, found.runner_dir, found.venvs_dir, found.pnpm_store],
            [
                Path(path)
                for path in ("/repo", "/opt/ci", "/opt/ci-runner", "/opt/venvs", "/opt/pnpm-store")
            ],
        )
        self.assertEqual((found.browsers_path, found.chromium), ("/opt/ms-playwright", ""))
        self.assertEqual(found.timeout, 900)

    def test_elsewhere_is_the_enclosing_checkout_and_the_cache_home(self) -> None:
        inside = self.repo / "deep" / "er"
        inside.mkdir(parents=True)
        found = settings.load({}, self.environ, inside)
        state = self.home / ".cache" / "ci-runner"
        self.assertFalse(found.box)
        self.assertEqual((found.repo_dir, found.state_dir), (self.repo, state))
        self.assertEqual(
            (found.venvs_dir, found.pnpm_store), (state / "venvs", state / "pnpm-store")
        )
        self.assertEqual((found.runner_dir, found.browsers_path), (RUNNER, ""))

    def test_only_ci_box_makes_a_box(self) -> None:
        for value in ("", "0"):
            self.assertFalse(self.load({"CI_BOX": value}).box)
        for value in ("yes", "true", " 1"):
            self.assertIn("CI_BOX: expected 1 or 0", self.problems({"CI_BOX": value})[0])

    def test_xdg_cache_home_is_used_when_absolute(self) -> None:
        found = self.load({"XDG_CACHE_HOME": "/x/cache"})
        self.assertEqual(found.state_dir, Path("/x/cache/ci-runner"))
        found = self.load({"XDG_CACHE_HOME": "relative"})
        self.assertEqual(found.state_dir, self.home / ".cache" / "ci-runner")

    def test_no_enclosing_checkout_has_a_remedy(self) -> None:
        with self.assertRaises(SettingsError) as caught:
            settings.load({}, self.environ, self.home)
        for part in (str(self.home), "--repo", "CI_REPO_DIR"):
            self.assertIn(part, str(caught.exception))

    def test_named_repository_is_the_checkout_around_it(self) -> None:
        inside = self.repo / "inside"
        inside.mkdir()
        for name in (self.repo, inside):
            self.assertEqual(self.load(repo=str(name)).repo_dir, self.repo)
            self.assertEqual(self.load(repo_dir=name).repo_dir, self.repo)
            self.assertEqual(self.load({"CI_REPO_DIR": str(name)}).repo_dir, self.repo)

    def test_named_repository_must_exist(self) -> None:
        [problem] = self.problems({}, repo="missing")
        self.assertTrue(problem.startswith("--repo: expected the directory"), problem)
        [problem] = self.problems({"CI_REPO_DIR": "missing"})
        self.assertTrue(problem.startswith("CI_REPO_DIR: expected the directory"), problem)

    def test_named_directory_without_git_serves_commands_that_need_no_commit(self) -> None:
        self.assertEqual(self.load(repo=str(self.home)).repo_dir, self.home)

    def test_state_inside_the_cleaned_checkout_is_refused_on_the_box(self) -> None:
        [problem] = self.problems(BOX | {"CI_STATE_DIR": "/repo/state"})
        self.assertIn("CI_STATE_DIR: expected a directory outside", problem)

    def test_settings_without_a_checkout_load_anywhere(self) -> None:
        self.enterContext(contextlib.chdir(self.home))
        found = settings.load_anywhere({"timeout": 5}, self.environ)
        self.assertEqual((found.timeout, found.box), (5, False))
        with self.assertRaisesRegex(SettingsError, "CI_TIMEOUT: expected seconds"):
            settings.load_anywhere({}, self.environ | {"CI_TIMEOUT": "abc"})
        os.chdir("/")
        self.assertTrue(settings.load_anywhere({}, BOX).box)
        self.assertTrue(settings.load({}, BOX | {"CI_REPO_DIR": "/"}, Path("/")).box)

    def test_servers_fit_the_machine(self) -> None:
        table = {cpus: settings.servers_for(cpus) for cpus in (1, 2, 4, 8, 16, 64)}
        self.assertEqual(table, {1: 2, 2: 3, 4: 3, 8: 5, 16: 9, 64: 9})

    def test_token_of_the_servers_is_of_one_run_unless_it_is_said(self) -> None:
        tokens = {self.load({}).jupyter_token for _ in range(3)}
        self.assertEqual(len(tokens), 3)
        for token in tokens:
            self.assertRegex(token, r"\A[0-9a-f]{32}\Z")
        self.assertEqual(self.load({"JUPYTER_TOKEN": "mine"}).jupyter_token, "mine")


class TestProblems(InCheckout):
    def test_every_problem_is_listed_at_once(self) -> None:
        wrong = {
            "CI_TIMEOUT": "abc",
            "CI_PORT_SERVER": "70000",
            "PYTEST_WORKERS": "0",
            "GITHUB_REPO": "no-slash",
            "GITHUB_API_URL": "ftp://x",
            "LOG_URL": "logs",
            "JUPYTER_PARALLEL": "-1",
            "JUPYTER_PYTHON": "2.7",
            "JUPYTER_TOKEN": "a b",
            "CI_SECRETS": "GOOD,ba-d",
            "CI_JOB_STATUSES": "on",
            "CI_STATE_DIR": "~nobody-of-this-name/x",
        }
        found = self.problems(wrong)
        self.assertEqual(sorted(line.split(":")[0] for line in found), sorted(wrong))
        for line in found:
            self.assertRegex(line, r"expected .+, found .+: ")

    def test_a_number_is_plain_digits(self) -> None:
        for value in ("nan", "inf", "1e3", "-5", "0", "0.0", "٣", "1_0", "9" * 400):
            self.assertEqual(len(self.problems({"CI_TIMEOUT": value})), 1, value)

    def test_ports_that_collide_are_refused(self) -> None:
        [problem] = self.problems({"CI_PORT_MCP": "8701"})
        self.assertIn("CI_PORT_MCP: expected a port of its own, found 8701", problem)
        [problem] = self.problems({"CI_PORT_SERVER": "8890", "JUPYTER_PARALLEL": "2"})
        self.assertIn("CI_PORT_JUPYTER: expected a port of its own, found 8890", problem)
        [problem] = self.problems({"CI_PORT_JUPYTER": "65530", "JUPYTER_PARALLEL": "9"})
        self.assertIn("expected 9 ports", problem)

    def test_a_bad_token_is_not_shown(self) -> None:
        [problem] = self.problems({"GITHUB_TOKEN": "gh\np_hidden"})
        self.assertIn("GITHUB_TOKEN: expected printable ASCII", problem)
        self.assertNotIn("hidden", problem)

    def test_argument_at_fault_is_named_as_typed(self) -> None:
        self.assertIn("--pytest-workers: expected", self.problems({}, pytest_workers="x")[0])


SECRETS = {
    "GITHUB_TOKEN": "token-1234",
    "GH_TOKEN": "token-2234",
    "WEBHOOK_SECRET": "hook-1234",
    "CI_SECRET_NPM": "npm-1234",
    "MY_KEY": "my-key-1234",
}


class TestJobs(InCheckout):
    def test_jobs_do_not_see_secrets(self) -> None:
        environ = self.environ | SECRETS | {"CI_SECRETS": "MY_KEY", "LANG": "C"}
        found = settings.load({}, environ, self.repo)
        env = settings.job_environment(found, environ)
        self.assertFalse(set(SECRETS) & set(env))
        self.assertFalse([v for v in env.values() if v in SECRETS.values()])
        self.assertEqual(env["LANG"], "C")
        self.assertEqual(settings.secrets(found, environ), tuple(sorted(SECRETS.values())))

    def test_jobs_get_every_setting_under_its_name(self) -> None:
        found = self.load({"CI_PORT_MARIMO": "1234"})
        env = settings.job_environment(found, self.environ | {"UV_PYTHON_DOWNLOADS": "never"})
        expected = {
            "CI_REPO_DIR": str(self.repo),
            "CI_WORK_DIR": str(settings.work_dir(found, self.repo)),
            "CI_PORT_MARIMO": "1234",
            "CI_PORT_JUPYTER": "8889",
            "PYTEST_WORKERS": "4",
            "JUPYTER_TOKEN": found.jupyter_token,
            "UV_PYTHON_DOWNLOADS": "never",
        }
        self.assertEqual(env, env | expected)
        self.assertNotIn("CI_BOX", env)
        self.assertNotIn("PLAYWRIGHT_BROWSERS_PATH", env)
        for name in ("mintimeout", "maxtimeout"):  # milliseconds before pnpm tries again
            self.assertLessEqual(int(env[f"npm_config_fetch_retry_{name}"]), 3000)
        stores = ("CI_PNPM_STORE_DIR", "PNPM_STORE_DIR", "npm_config_store_dir")
        self.assertEqual({env[name] for name in stores}, {str(found.pnpm_store)})

    def test_tools_of_the_state_directory_come_first_and_once(self) -> None:
        found = self.load()
        once = settings.job_environment(found, self.environ)
        tools = str(found.state_dir / "tools" / "bin")
        self.assertEqual(once["PATH"], f"{tools}:{self.environ['PATH']}")
        self.assertEqual(settings.job_environment(found, once)["PATH"], once["PATH"])

    def test_box_tells_its_jobs(self) -> None:
        env = settings.job_environment(settings.load({}, BOX, Path("/")), {})
        self.assertEqual((env["CI_BOX"], env["CI_RUNNER_DIR"]), ("1", "/opt/ci-runner"))

    def test_git_redirections_of_a_hook_do_not_reach_jobs(self) -> None:
        hook = {"GIT_DIR": "/x/.git", "GIT_INDEX_FILE": "i", "GIT_SSH_COMMAND": "ssh -v"}
        env = settings.job_environment(self.load(), self.environ | hook)
        names = {name for name in env if name.startswith("GIT_")}
        self.assertEqual(names, {"GIT_SSH_COMMAND", *inherited_environment.AS_COMMITTED})

    def test_checkouts_do_not_share_their_scratch(self) -> None:
        found = self.load()
        paths = [Path(path) for path in ("/a/repo", "/b/repo", "/", "/a/re po", "/a/re_po")]
        places = {settings.work_dir(found, path) for path in paths}
        self.assertEqual(len(places), len(paths))
        self.assertEqual({place.parent for place in places}, {found.state_dir / "work"})

    def test_scratch_of_a_checkout_keeps_its_name_when_it_gets_a_suffix(self) -> None:
        found = self.load()
        paths = [Path("/a/my.repo"), Path("/b/my.repo")]
        records = {settings.work_dir(found, path).with_suffix(".locks.json") for path in paths}
        self.assertEqual(len(records), 2)

    def test_places_of_a_checkout_share_neither_lock_nor_scratch_nor_tree(self) -> None:
        for box in (False, True):
            at = [dataclasses.replace(self.load(), box=box, place=n) for n in (0, 1, 2)]
            for kind in ("locks", "work_dir", "tree_dir"):
                self.assertEqual(len({getattr(found, kind) for found in at}), 3, kind)
            self.assertEqual(at[0].tree_dir == self.repo, box)
            self.assertEqual({found.repo_dir for found in at}, {self.repo})

    def test_place_is_a_number_up_to_64(self) -> None:
        self.assertEqual(settings.load({"place": "64"}, self.environ, self.repo).place, 64)
        for wrong in ("65", "-1", "one"):
            with self.assertRaisesRegex(settings.SettingsError, f"--place: .*found '{wrong}'"):
                settings.load({"place": wrong}, self.environ, self.repo)

    def test_each_checkout_has_a_lock_of_its_own(self) -> None:
        found = self.load()
        other = dataclasses.replace(found, repo_dir=Path("/b") / self.repo.name)
        self.assertEqual(set(found.locks) & set(other.locks), set())


class TestShell(InCheckout):
    def test_shell_gives_a_body_the_settings_of_a_run(self) -> None:
        state = "it's $HOME `x`\n"
        environ = self.environ | {
            "CI_STATE_DIR": state,
            "GITHUB_TOKEN": "token-1234",
            "JUPYTER_TOKEN": "not-of-each-time",
        }
        script = 'eval "$("$0" "$1" shell)" && cd / && env -0'
        done = subprocess.run(
            ["bash", "-c", script, sys.executable, str(PROGRAM)],
            cwd=self.repo,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        seen = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
        expected = settings.job_environment(
            settings.load({}, environ, self.repo), {"PATH": environ["PATH"]}
        )
        self.assertEqual(seen, seen | expected)
        self.assertEqual(seen["CI_STATE_DIR"], str(self.repo / state))

    def test_shell_fails_with_the_problems(self) -> None:
        environ = self.environ | {"CI_TIMEOUT": "abc"}
        done = subprocess.run(
            [sys.executable, PROGRAM, "shell"],
            cwd=self.repo,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("CI_TIMEOUT: expected seconds", done.stderr)


if __name__ == "__main__":
    unittest.main()
