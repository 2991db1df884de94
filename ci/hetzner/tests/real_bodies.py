from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import bodystage
from tests.bodystage import BODIES, BODY_LIB, JOBS, PATIENCE, OnStage, wait_for


class TestShape(unittest.TestCase):
    def test_there_are_thirteen_bodies_and_nothing_else(self) -> None:
        scripts = {f"{body.split()[0]}.sh" for body in BODIES if body != "install_wheel"}
        self.assertEqual({path.name for path in JOBS.iterdir()}, scripts | {"jupyter_warmup.sh"})
        self.assertEqual(len(list(JOBS.iterdir())), 13)

    def test_each_says_what_it_is_is_strict_and_begins(self) -> None:
        for path in JOBS.iterdir():
            with self.subTest(path.name):
                head, _, rest = path.read_text().partition("set -euo pipefail\n")
                self.assertTrue(os.access(path, os.X_OK))
                self.assertRegex(head, r"\A#!/usr/bin/env bash\n# [A-Z][^\n]+\n(# [^\n]+\n)*\Z")
                self.assertRegex(head, r"[Pp]ort")
                self.assertIn('\n. "$(dirname "$0")/../lib/body.sh"\nbegin\n', rest)

    def test_what_is_shared_only_defines(self) -> None:
        text = '. "$0"; declare -F; pwd; shopt -po errexit nounset || true'
        done = subprocess.run(
            ["bash", "-c", text, str(BODY_LIB)], cwd="/", capture_output=True, text=True, check=True
        )
        defined = [line for line in done.stdout.splitlines() if line.startswith("declare -f")]
        others = [line for line in done.stdout.splitlines() if not line.startswith("declare -f")]
        self.assertGreater(len(defined), 10)
        self.assertEqual(others, ["/", "set +o errexit", "set +o nounset"])
        self.assertEqual(done.stderr, "")


class TestNaming(OnStage):
    """What fails of several is named, and the others run all the same."""

    def test_every_extra_is_tried_and_the_failing_one_is_named(self) -> None:
        for extra in bodystage.EXTRAS:
            with self.subTest(extra):
                self.stage = self.make()
                done = self.fails(
                    "smoke_test_extras",
                    rf"failed: {extra} \(exit code 7\)",
                    FAIL=f"python scripts/smoke_test.py {extra}",
                    FAIL_CODE="7",
                )
                self.assertEqual(done.text.count("failed: "), 1)
                tried = [call for call in done.calls if "scripts/smoke_test.py" in call]
                self.assertEqual(len(tried), len(bodystage.EXTRAS))

    def test_every_notebook_is_tried_and_the_failing_one_is_named(self) -> None:
        calls = [call for call in self.passes("pw_jupyter").calls if call.startswith("npx")]
        self.assertEqual(len(calls), len(bodystage.NOTEBOOKS))
        for name in bodystage.NOTEBOOKS:
            with self.subTest(name):
                self.stage = self.make()
                (call,) = [call for call in calls if call.endswith(f"/test_{name}")]
                done = self.fails("pw_jupyter", rf"failed: test_{name} \(exit code 3\)", FAIL=call)
                self.assertEqual(done.text.count("failed: "), 1)
                self.assertEqual(len([c for c in done.calls if c.startswith("npx")]), len(calls))


class TestPytestCodes(OnStage):
    HALVES = ("-m timing_dependent", "-m not slow and not timing_dependent -n 2")

    def codes(self, first: int, second: int) -> int:
        """Return the exit code of test_python when its halves end with these."""
        text = f'. "$0"; finish_pytest timing={first} rest={second}'
        return subprocess.run(
            ["bash", "-c", text, str(BODY_LIB)], capture_output=True, check=False
        ).returncode

    def test_no_tests_collected_counts_only_if_it_was_so_everywhere(self) -> None:
        table = {(0, 0): 0, (5, 0): 0, (0, 5): 0, (5, 5): 5, (5, 1): 1, (1, 5): 1, (0, 2): 2}
        table |= {(139, 0): 139, (143, 5): 143, (1, 2): 1}
        found = {pair: self.codes(*pair) for pair in table}
        self.assertEqual(found, table)

    def test_either_half_that_fails_is_named(self) -> None:
        for name, half in zip(("timing", "rest"), self.HALVES, strict=True):
            with self.subTest(name):
                self.stage = self.make()
                call = f"python -m pytest tests/unit --color=no {self.ignored()}{half}"
                self.fails("test_python 3.13", rf"failed: {name} \(exit code 3\)", FAIL=call)

    def test_half_without_tests_passes_and_is_named(self) -> None:
        call = f"python -m pytest tests/unit --color=no {self.ignored()}{self.HALVES[0]}"
        done = self.passes("test_python 3.13", FAIL=call, FAIL_CODE="5")
        self.assertIn("timing: no tests were collected", done.text)

    def ignored(self) -> str:
        """Return the options of a container, as this machine may be one."""
        call = next(call for call in self.make().run("test_python 3.13").calls if "pytest" in call)
        return "".join(f"{word} " for word in call.split() if word.startswith(("--ig", "--des")))

    def test_filter_and_workers_reach_pytest(self) -> None:
        done = self.passes("test_python 3.13", PYTEST_K_FILTER="a or b", PYTEST_WORKERS="7")
        runs = [call for call in done.calls if "-m pytest" in call]
        self.assertTrue(all("-k a or b" in call for call in runs))
        self.assertTrue(any("-n 7" in call for call in runs))


class TestEnvironments(OnStage):
    def test_environment_of_another_version_is_a_failure(self) -> None:
        bodies = ("test_python 3.13", "lint_python", "pw_marimo", "smoke_test_extras", "pw_server")
        for body in (*bodies, "test_mcp_wheel"):
            with self.subTest(body):
                self.stage = self.make()
                self.fails(body, "expected Python 3.13, found 3.11: remove", WRONG="3.11")

    def test_interpreter_that_the_machine_lacks_is_named_with_its_remedy(self) -> None:
        done = self.fails("test_python 3.99", r"no Python 3\.99 .*uv python install 3\.99")
        self.assertEqual(done.calls, [])
        shutil.rmtree(self.stage.venvs / "3.13")
        self.fails("lint_python", "expected the environment .*3.13, found none: run test-python")
        (self.stage.root / "bin" / "python3.13").unlink()
        if not shutil.which("python3.13"):
            self.fails("lint_python", r"no Python 3\.13 on this machine")

    def test_only_tests_of_a_version_sync_its_environment(self) -> None:
        for body in BODIES:
            self.stage = self.make()
            synced = [call for call in self.stage.run(body).calls if call.startswith("uv sync")]
            self.assertEqual(bool(synced), body.startswith("test_python"), body)

    def test_wheel_is_installed_with_the_locked_versions(self) -> None:
        for body in ("smoke_test_extras", "test_mcp_wheel", "pw_server"):
            with self.subTest(body):
                self.stage = self.make()
                done = self.passes(body, LOG_VARIABLE="UV_CONSTRAINT")
                installs = [call for call in done.calls if call.startswith("uv pip install")]
                self.assertTrue(installs)
                for call in installs:
                    self.assertRegex(call, r"UV_CONSTRAINT=\S+\.constraints\.txt$")

    def test_missing_lock_is_said(self) -> None:
        (self.stage.repo / "uv.lock").unlink()
        done = self.passes("smoke_test_extras")
        self.assertIn("no uv.lock in this commit: versions are not constrained", done.text)

    def test_temporary_environments_go_however_the_body_ends(self) -> None:
        before = sorted(self.stage.venvs.iterdir())
        for body, call in (
            ("smoke_test_extras", "python scripts/smoke_test.py polars"),
            ("test_mcp_wheel", "uv export"),
        ):
            self.stage.run(body)
            self.stage.run(body, FAIL=call)
            with self.stage.start(body, {"HANG": self.last_call(body)}) as process:
                wait_for(self.stage.root / "hangs")
                os.killpg(process.pid, signal.SIGTERM)
                self.assertNotEqual(process.wait(PATIENCE), 0)
            (self.stage.root / "hangs").unlink()
            self.assertEqual(sorted(self.stage.venvs.iterdir()), before)

    def last_call(self, body: str) -> str:
        return self.make().run(body).calls[-1]

    def test_server_environment_is_kept_until_the_wheel_or_the_lock_changes(self) -> None:
        def made() -> bool:
            (self.stage.root / "calls").unlink(missing_ok=True)
            return any(call.startswith("uv venv") for call in self.passes("pw_server").calls)

        self.assertTrue(made())
        self.assertFalse(made())
        (self.stage.work / "wheel" / "buckaroo-1-py3-none-any.whl").write_text("another")
        self.assertTrue(made())
        (self.stage.repo / "uv.lock").write_text("another")
        self.assertTrue(made())
        self.assertFalse(made())

    def test_half_made_server_environment_is_made_again(self) -> None:
        failing = next(c for c in self.make().run("pw_server").calls if c.startswith("uv pip"))
        self.assertEqual(self.stage.run("pw_server", FAIL=failing).code, 3)
        (self.stage.root / "calls").unlink()
        self.assertIn("uv pip", " ".join(self.passes("pw_server").calls))

    def test_specs_that_call_uv_get_an_environment_and_leave_it_as_it_is(self) -> None:
        for body, environment in (("pw_server", "mcp-test-work"), ("pw_marimo", "3.13")):
            for variable, expected in (
                ("UV_PROJECT_ENVIRONMENT", str(self.stage.venvs / environment)),
                ("UV_NO_SYNC", "1"),
            ):
                done = self.passes(body, LOG_VARIABLE=variable)
                script = [call for call in done.calls if call.startswith("script")][-1]
                self.assertTrue(script.endswith(f"{variable}={expected}"), script)

    def test_search_path_of_the_caller_is_not_tested(self) -> None:
        for variable in ("PYTHONPATH", "VIRTUAL_ENV"):
            done = self.passes("lint_python", LOG_VARIABLE=variable, **{variable: "/elsewhere"})
            self.assertTrue(done.calls[-1].endswith(f"{variable}="), done.calls)


class TestWheel(OnStage):
    def test_wheel_of_an_earlier_build_does_not_count(self) -> None:
        stale = self.stage.repo / "dist" / "buckaroo-0-py3-none-any.whl"
        stale.parent.mkdir()
        stale.write_text("old")
        script = self.stage.repo / "scripts" / "full_build.sh"
        script.write_text("true\n")
        self.fails("build_wheel", "expected scripts/full_build.sh to make one .* found: none")
        script.write_text("full_build.sh; touch dist/buckaroo-2-any.whl\n")
        self.fails("build_wheel", "expected .* one dist/buckaroo-.*buckaroo-1.*buckaroo-2")

    def test_output_holds_the_new_wheel_alone(self) -> None:
        (self.stage.work / "wheel" / "buckaroo-0-py3-none-any.whl").write_text("old")
        self.passes("build_wheel")
        names = [path.name for path in (self.stage.work / "wheel").iterdir()]
        self.assertEqual(names, ["buckaroo-1-py3-none-any.whl"])

    def test_missing_or_second_wheel_is_a_failure(self) -> None:
        bodies = ("smoke_test_extras", "test_mcp_wheel", "pw_server", "install_wheel")
        for body in bodies:
            with self.subTest(body):
                self.stage = self.make()
                (self.stage.work / "wheel" / "b.whl").touch()
                self.fails(body, "expected one wheel in .*wheel, found: ")
                shutil.rmtree(self.stage.work / "wheel")
                self.fails(body, "expected .*wheel, found nothing: run build-wheel first")

    def test_installed_package_that_is_still_the_checkouts_is_a_failure(self) -> None:
        self.fails("install_wheel", "expected the wheel's buckaroo in", IMPORTED="/repo/buckaroo")


class TestOldCommits(OnStage):
    def test_commit_that_lacks_what_a_body_needs_fails_and_names_it(self) -> None:
        needs = {
            "build_js": "packages/pnpm-lock.yaml",
            "test_js": "packages/buckaroo-js-core/package.json",
            "build_wheel": "scripts/full_build.sh",
            "test_python 3.13": "uv.lock",
            "test_mcp_wheel": "tests/unit/server/test_mcp_uvx_install.py",
            "smoke_test_extras": "scripts/smoke_test.py",
            "pw_storybook": "scripts/test_playwright_storybook.sh",
            "pw_server": "scripts/test_playwright_server.sh",
            "pw_marimo": "scripts/test_playwright_marimo.sh",
            "pw_wasm_marimo": "scripts/test_playwright_wasm_marimo.sh",
        }
        for body, path in needs.items():
            with self.subTest(body):
                self.stage = self.make()
                (self.stage.repo / path).unlink()
                self.fails(body, rf"expected {path} \(.*\), this commit does not have it")

    def test_missing_integration_tests_of_the_server_are_a_pass_and_said(self) -> None:
        path = "tests/unit/server/test_mcp_server_integration.py"
        (self.stage.repo / path).unlink()
        self.assertIn(f"no {path} in this commit", self.passes("test_mcp_wheel").text)

    def test_missing_notebooks_are_named_and_none_at_all_is_a_failure(self) -> None:
        done = self.passes("pw_jupyter")
        named = re.findall(r"no tests/integration_notebooks/(\w+)\.ipynb", done.text)
        self.assertEqual(sorted(named), sorted(bodystage.MISSING))
        shutil.rmtree(self.stage.repo / "tests" / "integration_notebooks")
        self.fails("pw_jupyter", "expected notebooks to test, this commit has none")
        self.fails("jupyter_warmup", "this commit has none: nothing to serve")


class TestNodeModules(OnStage):
    def installs(self) -> bool:
        (self.stage.root / "calls").unlink(missing_ok=True)
        done = self.passes("test_js")
        return any("install --frozen-lockfile" in call for call in done.calls)

    def test_installed_once_then_again_when_lock_or_directory_changed(self) -> None:
        packages = self.stage.repo / "packages"
        self.assertTrue(self.installs())
        self.assertFalse(self.installs())
        (packages / "pnpm-lock.yaml").write_text("another")
        self.assertTrue(self.installs())
        for package in ("", "js", "buckaroo-js-core"):
            shutil.rmtree(packages / package / "node_modules")
            self.assertTrue(self.installs(), package)
        self.assertFalse(self.installs())

    def test_half_an_installation_is_done_again(self) -> None:
        call = "pnpm --dir packages install --frozen-lockfile"
        (self.stage.repo / "packages" / "node_modules").mkdir()
        self.assertEqual(self.stage.run("test_js", FAIL=call).code, 3)
        self.assertTrue(self.installs())

    def test_two_that_start_together_install_once(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            commands = [self.stage.command(body) for body in ("build_js", "test_js") * 2]
            env = self.stage.environment({})
            cwd = self.stage.repo
            done = pool.map(
                lambda argv: subprocess.run(
                    argv, cwd=cwd, env=env, check=False, capture_output=True
                ),
                commands,
            )
            self.assertEqual([each.returncode for each in done], [0, 0, 0, 0])
        installs = [c for c in (self.stage.root / "calls").read_text().splitlines() if "-lock" in c]
        self.assertEqual(len(installs), 1)


class TestFilters(OnStage):
    NONE = "Listing tests:\nTotal: 0 tests in 0 files"

    def test_filter_that_matches_no_browser_test_is_a_pass_and_said_and_starts_nothing(
        self,
    ) -> None:
        for body in ("pw_storybook", "pw_server", "pw_marimo", "pw_wasm_marimo", "pw_jupyter"):
            with self.subTest(body):
                self.stage = self.make()
                done = self.passes(body, PW_GREP_FILTER="zzz", LISTED=self.NONE)
                self.assertIn("matches the filter zzz: nothing to run", done.text)
                tests = [c for c in done.calls if c.startswith(("script", "npx"))]
                self.assertTrue(tests and all("--list" in call for call in tests), tests)

    def test_listing_that_fails_lets_the_suite_say_what_is_wrong(self) -> None:
        listing = next(
            call
            for call in self.make().run("pw_storybook", PW_GREP_FILTER="zzz").calls
            if "--list" in call
        )
        done = self.stage.run("pw_storybook", PW_GREP_FILTER="zzz", FAIL=listing)
        self.assertTrue(any(call.startswith("script") for call in done.calls))

    def test_filter_reaches_playwright(self) -> None:
        done = self.passes("pw_server", PW_GREP_FILTER="a|b", LOG_VARIABLE="PW_GREP")
        self.assertTrue(done.calls[-1].endswith("PW_GREP=a|b"), done.calls)
        done = self.passes("pw_jupyter", PW_GREP_FILTER="a|b")
        self.assertIn("--grep a|b", done.calls[-1])


class TestReports(OnStage):
    def test_each_report_has_a_directory_of_its_own_outside_of_the_checkout(self) -> None:
        seen: list[str] = []
        for body in ("pw_storybook", "pw_server", "pw_marimo", "pw_wasm_marimo", "pw_jupyter"):
            self.stage = self.make()
            done = self.passes(body, LOG_VARIABLE="PLAYWRIGHT_HTML_OUTPUT_DIR")
            found = re.findall(r"OUTPUT_DIR=(\S+)", "\n".join(done.calls))
            self.assertTrue(found)
            seen += {str(Path(path).relative_to(self.stage.work)) for path in found}
        self.assertEqual(len(seen), len(set(seen)))


class TestPorts(OnStage):
    PORTS = (
        ("pw_storybook", "CI_PORT_STORYBOOK"),
        ("pw_server", "CI_PORT_SERVER"),
        ("pw_marimo", "CI_PORT_MARIMO"),
        ("pw_wasm_marimo", "CI_PORT_WASM_MARIMO"),
        ("test_mcp_wheel", "CI_PORT_MCP"),
        ("jupyter_warmup", "CI_PORT_JUPYTER"),
    )

    def test_held_port_is_an_error_that_names_holder_and_setting_before_anything_starts(
        self,
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
            for body, setting in self.PORTS:
                with self.subTest(body):
                    first = port - (body == "jupyter_warmup")  # the second server's
                    expected = f"{port} to be free, found .*pid {os.getpid()}.* set {setting} to"
                    done = self.fails(body, expected, **{setting: str(first)})
                    self.assertEqual(done.calls, [])

    def test_on_the_box_the_holder_is_stopped(self) -> None:
        listen = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); "
        listen += "print(s.getsockname()[1], flush=True); time.sleep(600)"
        argv = [sys.executable, "-c", listen]
        env = {name: value for name, value in os.environ.items() if not name.startswith("CI_")}
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env) as holder:
            self.addCleanup(holder.kill)
            assert holder.stdout
            port = holder.stdout.readline().strip()
            self.passes("pw_storybook", CI_BOX="1", CI_PORT_STORYBOOK=port)
            self.assertEqual(holder.wait(PATIENCE), -signal.SIGTERM)


class TestRuntimeOfThePage(OnStage):
    SCRIPT = "scripts/test_playwright_wasm_marimo.sh"

    def setUp(self) -> None:
        super().setUp()
        subprocess.run(["git", "init", "-q", str(self.stage.repo)], check=True)

    def tried(self, **files: str) -> list[str]:
        """Return the addresses that are tried for a commit with these files."""
        (self.stage.root / "calls").unlink(missing_ok=True)
        for name, text in files.items():
            (self.stage.repo / "packages" / name).write_text(text)
        subprocess.run(["git", "add", "-A"], cwd=self.stage.repo, check=True)
        calls = self.passes("pw_wasm_marimo").calls
        return [call.split()[-1] for call in calls if call.startswith("curl")]

    def test_network_that_the_page_needs_is_tried_first(self) -> None:
        self.assertEqual(self.tried(), ["https://cdn.jsdelivr.net"])
        self.assertEqual(self.tried(**{"package.json": '{"x": {"pyodide": "1"}}'}), [])
        page = '<script src="https://cdn.example.org/pyodide/v1/pyodide.js"></script>'
        self.assertEqual(self.tried(page=page), ["https://cdn.example.org"])

    def test_network_that_is_out_of_reach_is_a_failure_that_says_so(self) -> None:
        (call,) = [c for c in self.make().run("pw_wasm_marimo").calls if c.startswith("curl")]
        done = self.fails("pw_wasm_marimo", "expected https://.* out of reach", FAIL=call)
        self.assertFalse(any(call.startswith("script") for call in done.calls))


class TestJupyterWarmup(OnStage):
    """The servers: they stay in the foreground until they are stopped."""

    def test_serves_until_stopped_then_takes_its_copies_along(self) -> None:
        with self.warm() as process:
            wait_for(self.stage.work / "jupyter-servers")
            copies = sorted(path.name for path in self.stage.repo.glob("*.ipynb"))
            self.assertIsNone(process.poll())
            os.killpg(process.pid, signal.SIGTERM)
            self.assertNotEqual(process.wait(PATIENCE), 0)
        self.assertEqual(copies, sorted(f"test_{name}.ipynb" for name in bodystage.NOTEBOOKS))
        self.assertEqual(list(self.stage.repo.glob("*.ipynb")), [])
        servers = (self.stage.work / "jupyter-servers").read_text()
        self.assertEqual(servers, "http://127.0.0.1:20050\nhttp://127.0.0.1:20051\n")
        venv = (self.stage.work / "jupyter-venv").read_text()
        self.assertEqual(venv, f"{self.stage.venvs / 'jupyter'}\n")

    def test_stopped_by_its_pid_alone_it_takes_its_servers_along(self) -> None:
        with self.warm() as process:
            wait_for(self.stage.work / "jupyter-servers")
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
            end = time.monotonic() + PATIENCE
            with self.assertRaises(ProcessLookupError):
                while time.monotonic() < end:
                    os.killpg(process.pid, 0)
                    time.sleep(0.01)

    def test_server_that_ends_later_is_a_failure_that_names_its_port(self) -> None:
        done = self.warmed(SERVER_LIVES="0.7")
        self.assertEqual(done.code, 1)
        self.assertRegex(done.text, r"expected the server on port 2005\d to stay, it ended")

    def test_server_that_ends_while_others_warm_up_is_noticed_at_once(self) -> None:
        with self.warm():
            wait_for(self.stage.work / "jupyter-servers")
            calls = self.stage.done(0).calls
        warming = next(call for call in calls if "jupyter_warm.py" in call)
        server = next(call for call in calls if "--port=20051" in call)
        done = self.warmed(HANG=warming, FAIL=server)
        self.assertRegex(done.text, "expected the server on port 20051 to stay, .* exit code 3")

    def test_servers_keep_to_their_own_home(self) -> None:
        for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            self.stage = self.make()
            with self.warm(LOG_VARIABLE=variable):
                wait_for(self.stage.work / "jupyter-servers")
                calls = [c for c in self.stage.done(0).calls if c.startswith("jupyter-lab")]
            for call in calls:
                self.assertRegex(call, rf"{variable}={self.stage.work}/jupyter/\w+$")

    def test_other_file_in_the_place_of_a_copy_is_kept(self) -> None:
        mine = self.stage.repo / "test_polars_widget.ipynb"
        mine.write_text("mine")
        self.fails("jupyter_warmup", "found another file there: move it away")
        self.assertEqual(mine.read_text(), "mine")


class TestByHand(OnStage):
    def test_body_finds_its_settings_itself(self) -> None:
        subprocess.run(["git", "init", "-q", str(self.stage.repo)], check=True)
        env = self.stage.environment({"CI_PORT_STORYBOOK": "20000"})
        for name in ("CI_RUN_ID", "CI_REPO_DIR", "CI_WORK_DIR", "CI_RUNNER_DIR"):
            del env[name]
        done = subprocess.run(
            ["bash", str(JOBS / "pw_storybook.sh")],
            cwd=self.stage.repo / "packages",
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        (work,) = (self.stage.root / "work").glob("repo-*")
        self.assertTrue((work / "pnpm.lock").exists())
