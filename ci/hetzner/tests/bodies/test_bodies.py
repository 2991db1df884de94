"""The job bodies on a stage with stand-ins: shape, exit codes, filters, ports, old commits."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

from lib.processes import process_table
from tests.bodies import body_stage
from tests.bodies.body_stage import BODIES, BODY_LIB, JOBS, Done, OnStage, Stage
from tests.support.waiting import PATIENCE, wait_for

BROWSER_BODIES = ("pw_storybook", "pw_server", "pw_marimo", "pw_wasm_marimo", "pw_jupyter")


class TestShape(unittest.TestCase):
    def test_each_job_has_a_body_and_there_is_nothing_else(self) -> None:
        scripts = {f"{body.split()[0]}.sh" for body in BODIES}
        self.assertEqual({path.name for path in JOBS.iterdir()}, scripts | {"jupyter_warmup.sh"})

    def test_each_body_has_a_header_is_strict_and_calls_begin(self) -> None:
        for path in JOBS.iterdir():
            with self.subTest(path.name):
                head, _, rest = path.read_text().partition("set -euo pipefail\n")
                self.assertTrue(os.access(path, os.X_OK))
                self.assertRegex(head, r"\A#!/usr/bin/env bash\n# [A-Z][^\n]+\n(# [^\n]+\n)*\Z")
                self.assertRegex(head, r"[Pp]ort")
                self.assertIn('\n. "$(dirname "$0")/../lib/body.sh"\nbegin\n', rest)

    def test_shared_script_only_defines(self) -> None:
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
        def turn(stage: Stage, extra: str) -> Done:
            return self.fails(
                "smoke_test_extras",
                rf"failed: {extra} \(exit code 7\)",
                on=stage,
                FAIL=f"python scripts/smoke_test.py {extra}",
                FAIL_CODE="7",
            )

        for done in self.each(turn, body_stage.EXTRAS):
            self.assertEqual(done.text.count("failed: "), 1)
            tried = [call for call in done.calls if "scripts/smoke_test.py" in call]
            self.assertEqual(len(tried), len(body_stage.EXTRAS))

    def test_every_notebook_is_tried_and_the_failing_one_is_named(self) -> None:
        calls = [call for call in self.passes("pw_jupyter").calls if call.startswith("npx")]
        self.assertEqual(len(calls), len(body_stage.NOTEBOOKS))

        def turn(stage: Stage, name: str) -> Done:
            (call,) = [call for call in calls if call.endswith(f"/test_{name}")]
            expected = rf"failed: test_{name} \(exit code 3\)"
            return self.fails("pw_jupyter", expected, on=stage, FAIL=call)

        for done in self.each(turn, body_stage.NOTEBOOKS):
            self.assertEqual(done.text.count("failed: "), 1)
            self.assertEqual(len([c for c in done.calls if c.startswith("npx")]), len(calls))


class TestPytestCodes(OnStage):
    HALVES = ("-m timing_dependent", "-m not slow and not timing_dependent -n 2")

    def codes(self, first: int, second: int) -> int:
        """Return the exit code of test_python when its halves end with these."""
        text = f'. "$0"; finish_tests timing={first} rest={second}'
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
                call = f"{self.pytest(name)}{half}"
                self.fails("test_python 3.13", rf"failed: {name} \(exit code 3\)", FAIL=call)

    def test_half_without_tests_passes_and_is_named(self) -> None:
        call = f"{self.pytest('timing')}{self.HALVES[0]}"
        done = self.passes("test_python 3.13", FAIL=call, FAIL_CODE="5")
        self.assertIn("timing: no tests were collected", done.text)

    def pytest(self, half: str) -> str:
        """Return a call but its last words, with the options of a container where this is one."""
        report = f"--junit-xml=@/work/junit/test-python-3.13-{half}.xml"
        call = next(call for call in self.make().run("test_python 3.13").calls if "pytest" in call)
        ignored = [word for word in call.split() if word.startswith(("--ig", "--des"))]
        return " ".join(["python -m pytest tests/unit", report, "--color=no", *ignored, ""])

    def test_filter_and_workers_reach_pytest(self) -> None:
        done = self.passes("test_python 3.13", PYTEST_K_FILTER="a or b", PYTEST_WORKERS="7")
        runs = [call for call in done.calls if "-m pytest" in call]
        self.assertTrue(all("-k a or b" in call for call in runs))
        self.assertTrue(any("-n 7" in call for call in runs))


class TestFilters(OnStage):
    def test_filter_that_matches_no_browser_test_ends_with_5_and_starts_nothing(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            done = stage.run(body, PW_GREP_FILTER="zzz", LISTED="")
            self.assertEqual(done.code, 5, done.text)
            self.assertIn("matches the filter zzz: nothing to test", done.text)
            tests = [c for c in done.calls if c.startswith(("script", "npx"))]
            self.assertTrue(tests and all("--list" in call for call in tests), tests)

        self.each(turn, BROWSER_BODIES)

    def listing(self) -> str:
        """Return the call by which the storybook's body asks for the tests that match."""
        calls = self.make().run("pw_storybook", PW_GREP_FILTER="zzz").calls
        return next(call for call in calls if "--list" in call)

    def test_listing_that_fails_lets_the_suite_show_its_error(self) -> None:
        done = self.stage.run("pw_storybook", PW_GREP_FILTER="zzz", FAIL=self.listing())
        self.assertTrue(any(call.startswith("script") for call in done.calls))

    def test_listings_of_bodies_that_were_killed_do_not_pile_up(self) -> None:
        call = self.listing()
        for _ in range(3):
            with self.stage.start("pw_storybook", {"PW_GREP_FILTER": "zzz", "HANG": call}):
                wait_for(self.stage.root / "hangs")
            (self.stage.root / "hangs").unlink()
            left = list(self.stage.work.glob("listing*/*"))
            self.assertEqual(len(left), 1, left)
        self.passes("pw_storybook", PW_GREP_FILTER="zzz", LISTED="a.spec.ts")
        self.assertEqual(list(self.stage.work.glob("listing*/*")), [])

    def test_filter_reaches_playwright(self) -> None:
        done = self.passes("pw_server", PW_GREP_FILTER="a|b", LOG_VARIABLE="PW_GREP")
        self.assertTrue(done.calls[-1].endswith("PW_GREP=a|b"), done.calls)
        done = self.passes("pw_jupyter", PW_GREP_FILTER="a|b")
        self.assertIn("--grep a|b", done.calls[-1])

    def test_the_token_is_that_of_the_servers_even_if_started_by_hand(self) -> None:
        for line, token in (("", "token"), ("/?token=theirs", "theirs")):
            self.stage = self.make()
            servers = self.stage.work / "jupyter-servers"
            urls = [f"http://127.0.0.1:{port}{line}\n" for port in (1, 2)]
            servers.write_text("".join(urls))
            done = self.passes("pw_jupyter", LOG_VARIABLE="JUPYTER_TOKEN")
            told = [call for call in done.calls if "playwright test" in call or " reset " in call]
            self.assertTrue(told, done.calls)
            self.assertTrue(all(call.endswith(f"={token}") for call in told), told)
            resets = {call.split(" reset ")[1].split()[0] for call in told if " reset " in call}
            self.assertEqual(resets, {"http://127.0.0.1:1", "http://127.0.0.1:2"})


class TestNamesOfTests(OnStage):
    PACKAGE = "packages/buckaroo-js-core/package.json"

    def run_with(self, script: str, **extra: str) -> body_stage.Done:
        self.stage = self.make()
        (self.stage.repo / self.PACKAGE).write_text(f'{{"scripts": {{"test": "{script}"}}}}')
        return self.stage.run("test_js", **extra)

    def test_jest_and_vitest_write_their_results(self) -> None:
        for script, words in (
            ("jest", "--json --outputFile @/work/jest.json"),
            ("node_modules/.bin/jest --ci", "--json"),
            (
                "vitest run",
                "--reporter=default --reporter=junit --outputFile.junit=@/work/junit/test",
            ),
        ):
            done = self.run_with(script)
            self.assertEqual(done.code, 0, done.text)
            self.assertTrue(any(words in call for call in done.calls), (script, done.calls))
            self.assertTrue((self.stage.work / "junit" / "test-js.xml").exists(), script)

    def test_other_runner_is_called_as_the_package_says(self) -> None:
        done = self.run_with("make test-of-jesters")
        self.assertEqual((done.code, done.calls[-1]), (0, "pnpm run test"))

    def test_filter_that_matches_nothing_ends_with_5(self) -> None:
        for script, matched in (("jest", "0"), ("vitest", "none")):
            done = self.run_with(script, PW_GREP_FILTER="^a.b$|c", MATCHED=matched)
            self.assertEqual(done.code, 5, done.text)
            self.assertTrue(done.calls[-1].endswith("-t ^a.b$|c"), done.calls)

    def test_failure_stays_one_without_a_report(self) -> None:
        call = self.run_with("jest").calls[-1]
        done = self.run_with("jest", FAIL=call)
        self.assertEqual(done.code, 3, done.text)
        self.assertIn("test cases are not named", done.text)

    def test_each_browser_body_has_a_name_for_its_results(self) -> None:
        def turn(stage: Stage, body: str) -> set[str]:
            calls = self.passes(body, on=stage, LOG_VARIABLE="CI_JUNIT").calls
            return {path for call in calls for path in re.findall(r"CI_JUNIT=(\S+)", call)}

        found = [path for paths in self.each(turn, BROWSER_BODIES) for path in paths]
        names = sorted(Path(path).name for path in found)
        self.assertEqual(
            names, sorted(b.replace("pw_", "playwright-").replace("_", "-") for b in BROWSER_BODIES)
        )


class TestReports(OnStage):
    def test_each_report_has_a_directory_of_its_own_outside_of_the_checkout(self) -> None:
        def turn(stage: Stage, body: str) -> set[str]:
            done = self.passes(body, on=stage, LOG_VARIABLE="PLAYWRIGHT_HTML_OUTPUT_DIR")
            found = re.findall(r"OUTPUT_DIR=(\S+)", "\n".join(done.calls))
            self.assertTrue(found, body)
            return {str(Path(path).relative_to(stage.work)) for path in found}

        seen = [path for paths in self.each(turn, BROWSER_BODIES) for path in paths]
        self.assertEqual(len(seen), len(BROWSER_BODIES) - 1 + len(body_stage.NOTEBOOKS))
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

            def turn(stage: Stage, case: tuple[str, str]) -> None:
                body, setting = case
                first = port - (body == "jupyter_warmup")  # the second server's
                expected = f"{port} to be free, found .*pid {os.getpid()}.* set {setting} to"
                done = self.fails(body, expected, on=stage, **{setting: str(first)})
                self.assertEqual(done.calls, [])

            self.each(turn, self.PORTS)

    def test_on_the_box_the_holder_is_stopped(self) -> None:
        listen = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); "
        listen += "print(s.getsockname()[1], flush=True); time.sleep(600)"
        # tagged with a dead run: descendants of a live one, as these tests may be, are spared
        runner = subprocess.Popen(["sleep", "600"])
        self.addCleanup(runner.wait)
        self.addCleanup(runner.kill)
        env = os.environ | {
            "CI_RUN_TAG": f"{process_table.run_id(process_table.table(), runner.pid)}/dead"
        }
        argv = [sys.executable, "-c", listen]
        holder = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env)
        self.addCleanup(holder.communicate)
        self.addCleanup(holder.kill)
        assert holder.stdout
        port = holder.stdout.readline().strip()
        runner.kill()
        runner.wait()
        self.passes("pw_storybook", CI_BOX="1", CI_PORT_STORYBOOK=port)
        self.assertEqual(holder.wait(PATIENCE), -signal.SIGTERM)


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
