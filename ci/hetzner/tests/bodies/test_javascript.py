"""The job bodies on a stage with stand-ins: node_modules, the page's runtime, Jupyter's servers."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from tests.bodies import body_stage
from tests.bodies.body_stage import OnStage
from tests.support.waiting import PATIENCE, wait_for


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

    BODIES = ("build_js", "test_js", "build_wheel", "pw_storybook")

    def test_those_that_start_together_install_once(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            commands = [self.stage.command(body) for body in self.BODIES]
            env = self.stage.environment({})
            cwd = self.stage.repo
            done = pool.map(
                lambda argv: subprocess.run(
                    argv, cwd=cwd, env=env, check=False, capture_output=True
                ),
                commands,
            )
            self.assertEqual([each.returncode for each in done], [0, 0, 0, 0])
        installs = [
            c
            for c in (self.stage.root / "calls").read_text().splitlines()
            if "--frozen-lockfile" in c
        ]
        self.assertEqual(len(installs), 1)


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

    def test_serves_copies_until_stopped(self) -> None:
        before = self.stage.files()
        with self.warm() as process:
            wait_for(self.stage.work / "jupyter-servers")
            servers = (self.stage.work / "jupyter-servers").read_text()
            mode = (self.stage.work / "jupyter-servers").stat().st_mode
            served = self.stage.work / "jupyter" / "notebooks"
            copies = sorted(path.name for path in served.iterdir())
            self.assertIsNone(process.poll())
            os.killpg(process.pid, signal.SIGTERM)
            self.assertNotEqual(process.wait(PATIENCE), 0)
        self.assertEqual(copies, sorted(f"test_{name}.ipynb" for name in body_stage.NOTEBOOKS))
        self.assertEqual(self.stage.files(), before)
        self.assertEqual(stat.S_IMODE(mode), 0o600, "the token is for its owner only")
        # no job is sent to servers that are gone
        self.assertFalse((self.stage.work / "jupyter-servers").exists())
        urls = [f"http://127.0.0.1:{port}/?token=token\n" for port in (20050, 20051)]
        self.assertEqual(servers, "".join(urls))
        venv = (self.stage.work / "jupyter-venv").read_text()
        self.assertEqual(venv, f"{self.stage.jupyter}\n")

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
        calls = self.calls_of_warm_servers()
        warming = next(call for call in calls if "jupyter_warm.py" in call)
        server = next(call for call in calls if "--port=20051" in call)
        done = self.warmed(HANG=warming, FAIL=server)
        self.assertRegex(done.text, "expected the server on port 20051 to stay, .* exit code 3")

    def test_servers_keep_to_their_own_home(self) -> None:
        for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            self.stage = self.make()
            calls = self.calls_of_warm_servers(LOG_VARIABLE=variable)
            servers = [call for call in calls if call.startswith("jupyter-lab")]
            self.assertEqual(len(servers), 2)
            for call in servers:
                self.assertRegex(call, rf"{variable}={self.stage.work}/jupyter/\w+$")
