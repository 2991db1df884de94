"""The job bodies on a stage with stand-ins: whose tree each writes, and what reaches whom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

from tests.bodies.body_stage import BODIES, BODY_LIB, OnStage, Stage

JS_CORE = "packages/buckaroo-js-core"
WRITES = """
mkdir -p dist buckaroo/static packages/buckaroo-js-core/test-results
echo x | tee buckaroo/static/standalone.js scratch buckaroo/__init__.py
touch dist/buckaroo-1-py3-none-any.whl
rm -f uv.lock
"""


class TestTrees(OnStage):
    def test_no_body_changes_the_shared_tree_except_its_outputs(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            for script in (stage.repo / "scripts").glob("*.sh"):
                script.write_text(f"{WRITES}\n{script.read_text()}")
            before = stage.files()
            self.passes(body, on=stage)
            promised = [f"{JS_CORE}/dist/index.es.js"] if body == "build_js" else []
            after = stage.files()
            changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
            self.assertEqual(sorted(changed), promised, body)

        self.each(turn, BODIES)

    def test_no_two_bodies_share_a_tree(self) -> None:
        def turn(stage: Stage, body: str) -> list[str]:
            self.passes(body, on=stage)
            return [path.name for path in (stage.work / "trees").glob("*")]

        names = [name for found in self.each(turn, BODIES) for name in found]
        self.assertGreater(len(names), 6)
        self.assertEqual(len(names), len(set(names)))

    def test_uncommitted_changes_are_tested(self) -> None:
        script = self.stage.repo / "scripts" / "test_playwright_storybook.sh"
        script.write_text("echo changed; cat packages/buckaroo-js-core/fresh.ts\n")
        (self.stage.repo / JS_CORE / "fresh.ts").write_text("not yet added\n")
        done = self.passes("pw_storybook")
        self.assertIn("changed\nnot yet added\n", done.text)

    def test_generated_files_of_the_build_are_brought_to_jobs_that_show_them(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            tree = {"test_mcp_wheel": "test-mcp-wheel"}.get(
                body, body.replace("pw_", "playwright-")
            )
            (stage.repo / "buckaroo" / "static").mkdir()
            (stage.repo / "buckaroo" / "static" / "widget.js").touch()  # the placeholder
            self.passes(body, on=stage)
            brought = stage.work / "trees" / tree / "buckaroo" / "static" / "widget.js"
            self.assertEqual(brought.read_text(), "built", body)

        self.each(turn, ("test_mcp_wheel", "pw_server", "pw_marimo"))

    def test_missing_output_is_named_with_the_job_that_makes_it(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            (stage.work / "wheel" / "static" / "widget.js").unlink()
            (stage.work / "wheel" / "static").rmdir()
            expected = "expected .*wheel/static, found nothing: run build-wheel first"
            self.fails(body, expected, on=stage)

        self.each(turn, ("test_mcp_wheel", "pw_server", "pw_marimo"))

    def test_wheel_is_where_the_script_of_the_server_looks_for_it(self) -> None:
        script = self.stage.repo / "scripts" / "test_playwright_server.sh"
        script.write_text("ls dist\n")
        self.assertIn("\nbuckaroo-1-py3-none-any.whl\n", self.passes("pw_server").text)

    def test_core_that_was_built_is_packed_as_it_is(self) -> None:
        (self.stage.repo / JS_CORE / "dist").mkdir()
        (self.stage.repo / JS_CORE / "dist" / "index.es.js").write_text("built by build-js\n")
        (self.stage.repo / "scripts" / "full_build.sh").write_text(
            f"cat {JS_CORE}/dist/index.es.js\nexec full_build.sh\n"
        )
        self.assertIn("built by build-js\n", self.passes("build_wheel").text)


class TestFilters(OnStage):
    """A filter reaches each test runner; a body ends with 5 if no test matches it."""

    def test_unit_tests_of_the_core_end_with_5_if_none_matches(self) -> None:
        done = self.stage.run("test_js", PW_GREP_FILTER="zzz", MATCHED="0")
        self.assertEqual(done.code, 5, done.text)
        self.assertIn("no test matches the filter zzz", done.text)
        done = self.passes("test_js", PW_GREP_FILTER="a|b")
        self.assertRegex(done.calls[-1], r"^pnpm run test --json --outputFile \S+ -t a\|b$")
        self.assertNotIn(" -t ", self.passes("test_js").calls[-1])

    def test_specs_of_a_script_that_have_no_matching_test_are_left_out(self) -> None:
        for name in ("a", "b"):
            spec = self.stage.repo / JS_CORE / "pw-tests" / f"{name}.spec.ts"
            spec.parent.mkdir(exist_ok=True)
            spec.write_text("tests")
        script = self.stage.repo / "scripts" / "test_playwright_storybook.sh"
        names = "pw-tests/a.spec.ts pw-tests/b.spec.ts"
        script.write_text(f"# pw-tests/c.spec.ts\ncd {JS_CORE}\nls {names} || true\n")
        done = self.passes("pw_storybook", PW_GREP_FILTER="x y", LISTED="b.spec.ts")
        self.assertIn("\npw-tests/b.spec.ts\n", done.text)
        self.assertNotIn("\npw-tests/a.spec.ts\n", done.text)
        listing = next(call for call in done.calls if "--list" in call)
        self.assertIn("playwright test pw-tests/a.spec.ts pw-tests/b.spec.ts --config", listing)

    def test_filter_of_several_words_reaches_scripts_as_one(self) -> None:
        done = self.passes("pw_server", PW_GREP_FILTER="a b|c", LOG_VARIABLE="PW_GREP")
        self.assertTrue(done.calls[-1].endswith(r"PW_GREP=a\sb|c"), done.calls[-1])


class TestBrowser(OnStage):
    def test_missing_browser_is_looked_for_before_the_script_starts(self) -> None:
        call = next(c for c in self.make().run("pw_server").calls if c.startswith("node"))
        done = self.stage.run("pw_server", FAIL=call)
        self.assertNotIn(done.code, (0, 5))
        self.assertFalse(any(call.startswith("script") for call in done.calls), done.calls)

    def test_configuration_that_names_another_browser_needs_none_of_playwrights(self) -> None:
        (self.stage.repo / JS_CORE / "playwright.config.server.ts").write_text("CI_CHROMIUM")
        done = self.passes("pw_server", CI_CHROMIUM="/usr/bin/chromium")
        self.assertFalse(any(call.startswith("node") for call in done.calls))

    def test_missing_revision_is_said_in_a_sentence(self) -> None:
        node = shutil.which("node", path=os.environ["PATH"])
        assert node, "expected node on PATH, found none: install it"
        core, browsers = self.stage.repo / JS_CORE, self.stage.root / "browsers"
        module = core / "node_modules" / "@playwright" / "test"
        module.mkdir(parents=True)
        (core / "package.json").write_text("{}")
        path = browsers / "chromium-1200" / "chrome-linux64" / "chrome"
        text = f"exports.chromium = {{ executablePath: () => {json.dumps(str(path))} }};"
        (module / "index.js").write_text(text)

        def ask() -> tuple[int, str]:
            argv = [node, str(BODY_LIB.with_name("buckaroo") / "need_browser.cjs")]
            done = subprocess.run(argv, cwd=core, capture_output=True, text=True, check=False)
            return done.returncode, done.stderr

        code, said = ask()
        self.assertEqual(code, 1)
        expected = f"expected Playwright's Chromium of revision 1200 in {browsers}, found none: run"
        self.assertTrue(said.startswith(expected), said)
        (browsers / "chromium_headless_shell-1200").mkdir(parents=True)
        self.assertEqual(ask(), (0, ""))
        shutil.rmtree(module)  # Playwright itself is to say that it is not there
        self.assertEqual(ask(), (0, ""))
