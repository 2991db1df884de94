"""The job bodies on a stage with stand-ins: environments, and the wheel in them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from itertools import product

from lib.buckaroo import environments
from tests.bodies.body_stage import BODIES, STAND_IN, OnStage, Stage
from tests.support.waiting import PATIENCE, wait_for, wait_until

USERS = ("lint_python", "pw_marimo", "pw_server", "test_python 3.13")  # of the shared environment


class TestEnvironments(OnStage):
    def test_environment_of_another_version_is_a_failure(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            shutil.rmtree(stage.environment_3_13)
            self.fails(body, "expected Python 3.13, found 3.11: remove", on=stage, WRONG="3.11")
            self.assertEqual(list(stage.venvs.glob("*/.made-for.json")), [], body)

        self.each(turn, ("prepare_python 3.13", "smoke_test_extras", "test_mcp_wheel"))

    def test_interpreter_that_changed_under_an_environment_makes_it_another(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            python = stage.environment_3_13 / "bin" / "python"
            python.unlink()
            python.symlink_to(sys.executable)
            self.fails(body, "expected an environment of Python 3.13 for this uv.lock", on=stage)

        self.each(turn, USERS)

    def test_interpreter_that_the_machine_lacks_is_named_with_its_remedy(self) -> None:
        done = self.fails("prepare_python 3.99", r"no Python 3\.99 .*uv python install 3\.99")
        self.assertEqual(done.calls, [])
        shutil.rmtree(self.stage.environment_3_13)
        self.fails("lint_python", "expected an environment of Python 3.13 .*: run python-3.13")
        (self.stage.root / "bin" / "python3.13").unlink()
        if not shutil.which("python3.13"):
            self.fails("lint_python", r"no Python 3\.13 on this machine")

    def test_environment_that_is_ready_is_written_by_no_body(self) -> None:
        def turn(stage: Stage, body: str) -> list[str]:
            calls = self.passes(body, on=stage, LOG_VARIABLE="UV_PROJECT_ENVIRONMENT").calls
            writes = [call for call in calls if call.startswith(("uv sync", "uv pip", "uv venv"))]
            shared = [
                call for call in writes if str(stage.venvs) in call.replace("@", str(stage.root))
            ]
            elsewhere = ("--target", " @/work/venvs/")  # what is written in place of the shared
            return [call for call in shared if not any(word in call for word in elsewhere)]

        self.assertEqual(self.each(turn, BODIES), [[]] * len(BODIES))

    def test_environment_is_made_once_and_only_for_its_lock(self) -> None:
        made = []
        for _ in range(2):
            for lock in ("one", "two"):
                (self.stage.repo / "uv.lock").write_text(lock)
                done = self.passes("prepare_python 3.13", LOG_VARIABLE="UV_PROJECT_ENVIRONMENT")
                made.append([call for call in done.calls if call.startswith("uv sync")])
                self.passes("lint_python")
        self.assertEqual([len(calls) for calls in made], [1, 2, 2, 2])
        self.assertEqual(len(set(made[-1])), 2)
        self.assertTrue(all("--no-install-project" in call for call in made[-1]))

    def test_environment_that_was_not_made_to_its_end_is_made_anew(self) -> None:
        shutil.rmtree(self.stage.environment_3_13)
        body = "prepare_python 3.13"
        sync = next(call for call in self.passes(body).calls if call.startswith("uv sync"))
        (made,) = self.stage.venvs.glob("3.13-*")
        shutil.rmtree(made)
        self.assertEqual(self.stage.run(body, FAIL=sync).code, 3)
        (made / "half").mkdir(parents=True)
        self.fails("lint_python", "run python-3.13")
        self.passes(body)
        self.assertFalse((made / "half").exists())

    def test_lock_that_changes_meanwhile_is_a_failure(self) -> None:
        shutil.rmtree(self.stage.environment_3_13)
        uv = self.stage.root / "bin" / "uv"
        uv.unlink()
        uv.write_text(f'#!/bin/bash\necho more >>uv.lock\n. "{STAND_IN}"\n')
        uv.chmod(0o755)
        self.fails("prepare_python 3.13", "uv.lock or pyproject.toml changed while")
        self.fails("lint_python", "run python-3.13")

    def test_maker_waits_for_another_and_finds_its_environment(self) -> None:
        shutil.rmtree(self.stage.environment_3_13)
        body = "prepare_python 3.13"
        sync = next(call for call in self.passes(body).calls if call.startswith("uv sync"))
        (made,) = self.stage.venvs.glob("3.13-*")
        shutil.rmtree(made)
        with self.stage.start(body, {"HANG": sync}):
            wait_for(self.stage.root / "hangs")
            before = len(self.stage.done(0).calls)
            log = self.stage.root / "second"
            with log.open("wb") as second:
                process = subprocess.Popen(
                    self.stage.command(body),
                    env=self.stage.environment({}),
                    stdout=second,
                    stderr=second,
                )
            wait_until(lambda: "waiting for another run" in log.read_text(), "the second to wait")
            self.assertNotIn("uv sync", "\n".join(self.stage.done(0).calls[before:]))
            environments.stamp(made, self.stage.repo)  # the first is done
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertIn(f"{made} fits uv.lock", log.read_text())

    def test_metadata_of_the_project_is_made_once_for_its_pyproject(self) -> None:
        for text, built in (("", 1), ("", 1), ("changed", 2)):
            if text:
                (self.stage.repo / "pyproject.toml").write_text(text)
                self.passes("prepare_python 3.13")
            calls = self.passes("test_python 3.13").calls
            self.assertEqual(len([call for call in calls if "--editable ." in call]), built)

    def test_wheel_is_installed_with_the_locked_versions(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            done = self.passes(body, on=stage, LOG_VARIABLE="UV_CONSTRAINT")
            installs = [call for call in done.calls if call.startswith("uv pip install")]
            self.assertTrue(installs, body)
            for call in installs:
                self.assertRegex(call, r"UV_CONSTRAINT=\S+constraints\.txt$", body)

        self.each(turn, ("smoke_test_extras", "test_mcp_wheel"))

    def test_installations_of_scripts_are_held_to_the_locked_versions(self) -> None:
        def turn(stage: Stage, case: tuple[str, str]) -> None:
            body, variable = case
            done = self.passes(body, on=stage, LOG_VARIABLE=variable)
            scripts = [call for call in done.calls if call.startswith(("script", "full_build"))]
            self.assertTrue(scripts, body)
            for call in scripts:
                self.assertRegex(call, rf"{variable}=\S+/constraints\S*\.txt$", body)

        variables = ("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "PIP_CONSTRAINT")
        self.each(turn, product(("pw_server", "pw_marimo", "build_wheel"), variables))

    def test_missing_lock_is_said(self) -> None:
        (self.stage.repo / "uv.lock").unlink()
        done = self.passes("smoke_test_extras")
        self.assertIn("no uv.lock in this commit: versions are not constrained", done.text)

    def test_temporary_environments_go_however_the_body_ends(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            own = stage.work / "venvs"
            before = sorted(own.iterdir())
            last = self.passes(body, on=stage).calls[-1]
            self.assertEqual(sorted(own.iterdir()), before)
            self.assertEqual(stage.run(body, FAIL=last, FAIL_CODE="7").code, 7)
            self.assertEqual(sorted(own.iterdir()), before)
            with stage.start(body, {"HANG": last}) as process:
                wait_for(stage.root / "hangs")
                self.assertNotEqual(sorted(own.iterdir()), before)
                os.killpg(process.pid, signal.SIGTERM)
                self.assertNotEqual(process.wait(PATIENCE), 0)
            self.assertEqual(sorted(own.iterdir()), before)

        self.each(turn, ("smoke_test_extras", "test_mcp_wheel"))

    def test_servers_that_have_little_time_to_start_are_compiled_first(self) -> None:
        for body, made in (("test_mcp_wheel", "uv pip install"), ("pw_server", "script")):
            done = self.make().run(body, LOG_VARIABLE="UV_COMPILE_BYTECODE")
            call = next(call for call in done.calls if call.startswith(made))
            self.assertTrue(call.endswith("UV_COMPILE_BYTECODE=1"), call)

    def test_environment_that_the_script_makes_is_the_checkouts_own(self) -> None:
        script = self.stage.repo / "scripts" / "test_playwright_server.sh"
        script.write_text("echo /opt/venvs/mcp-test\n")
        self.assertIn(f"\n{self.stage.work}/venvs/mcp-test\n", self.passes("pw_server").text)
        self.assertEqual(script.read_text(), "echo /opt/venvs/mcp-test\n")

    def test_environment_that_the_script_keeps_is_made_again_for_other_locked_versions(
        self,
    ) -> None:
        made = self.stage.work / "venvs" / "mcp-test" / ".wheel-sha256"
        made.parent.mkdir()
        for lock, kept in (("1", False), ("1", True), ("2", False)):
            made.touch()
            self.passes("pw_server", LOCKED=lock)
            self.assertEqual(made.exists(), kept, lock)

    def test_specs_that_call_uv_get_an_environment_and_leave_it_as_it_is(self) -> None:
        own = self.stage.work / "venvs" / "server-specs"  # it has the wheel, and finds the shared
        for body, given in (("pw_server", own), ("pw_marimo", self.stage.environment_3_13)):
            for variable, expected in (("UV_PROJECT_ENVIRONMENT", given), ("UV_NO_SYNC", "1")):
                done = self.passes(body, LOG_VARIABLE=variable)
                script = [call for call in done.calls if call.startswith("script")][-1]
                self.assertTrue(script.endswith(f"{variable}={expected}"), script)
        (layer,) = own.glob("lib/python*/site-packages/shared.pth")
        (packages,) = self.stage.environment_3_13.glob("lib/python*/site-packages")
        self.assertEqual(layer.read_text(), f"{packages}\n")

    def test_environment_of_another_lock_is_none(self) -> None:
        for name in ("uv.lock", "pyproject.toml"):
            before = (self.stage.repo / name).read_text()
            (self.stage.repo / name).write_text("another")
            for body in USERS:
                self.fails(body, "expected an environment of Python 3.13 for this uv.lock")
            (self.stage.repo / name).write_text(before)
        self.passes("lint_python")

    def test_commit_without_locked_versions_is_not_linted_with_the_installed_ones(self) -> None:
        (self.stage.repo / "uv.lock").unlink()
        self.fails("lint_python", "expected uv.lock .*, this commit does not have it")

    def test_package_that_is_tested_is_that_of_the_jobs_own_tree(self) -> None:
        for body, job in (
            ("pw_marimo", "playwright-marimo"),
            ("test_python 3.13", "test-python-3.13"),
        ):
            last = self.passes(body, LOG_VARIABLE="PYTHONPATH").calls[-1]
            work = self.stage.work
            path = f"{work}/trees/{job}:{work}/project/{job}"
            self.assertTrue(last.endswith(f"PYTHONPATH={path}"), last)

    def test_search_path_of_the_caller_is_not_tested(self) -> None:
        elsewhere = "/elsewhere"
        for variable in ("PYTHONPATH", "VIRTUAL_ENV"):
            done = self.passes(
                "lint_python", LOG_VARIABLE=variable, PYTHONPATH=elsewhere, VIRTUAL_ENV=elsewhere
            )
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
        self.assertEqual(sorted(names), ["buckaroo-1-py3-none-any.whl", "static"])

    def test_missing_or_second_wheel_is_a_failure(self) -> None:
        bodies = ("smoke_test_extras", "test_mcp_wheel", "pw_server", "install_wheel")

        def turn(stage: Stage, body: str) -> None:
            (stage.work / "wheel" / "b.whl").touch()
            self.fails(body, "expected one wheel in .*wheel, found: ", on=stage)
            shutil.rmtree(stage.work / "wheel")
            self.fails(body, "expected .*wheel, found nothing: run build-wheel first", on=stage)

        self.each(turn, bodies)

    def test_output_of_code_under_test_is_no_answer(self) -> None:
        done = self.passes("install_wheel")
        self.assertIn("must be running inside ipython", done.text)
        self.assertRegex(done.text, r"the notebooks import /\S+/buckaroo/__init__\.py\n")

    def test_installed_package_that_is_still_the_checkouts_is_a_failure(self) -> None:
        self.fails("install_wheel", "expected the wheel's buckaroo in", IMPORTED="/repo/buckaroo")
