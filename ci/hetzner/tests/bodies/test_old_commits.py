"""The job bodies on commits that lack their subject: older than it, or without it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.bodies import body_stage
from tests.bodies.body_stage import OnStage, Stage, git
from tests.support.waiting import wait_for

SMOKE = "scripts/smoke_test.py"
SUBJECTS = {
    "test_js": "packages/buckaroo-js-core/package.json",
    "test_python 3.13": "tests/unit",
    "test_mcp_wheel": "tests/unit/server/test_mcp_uvx_install.py",
    "smoke_test_extras": SMOKE,
    "pw_jupyter": "tests/integration_notebooks",
    "pw_storybook": "scripts/test_playwright_storybook.sh",
    "pw_server": "scripts/test_playwright_server.sh",
    "pw_marimo": "scripts/test_playwright_marimo.sh",
    "pw_wasm_marimo": "scripts/test_playwright_wasm_marimo.sh",
}
MEANS = {
    "build_js": "packages/pnpm-lock.yaml",
    "test_js": "packages/pnpm-lock.yaml",
    "build_wheel": "scripts/full_build.sh",
    "test_python 3.13": "uv.lock",
}


def remove(stage: Stage, name: str) -> None:
    """Remove a file or a directory from a tree, committed or not."""
    path = stage.repo / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def commit(repo: Path) -> None:
    """Commit a tree as it is."""
    git(repo, "add", "--all", "--force")
    git(repo, "commit", "--quiet", "--allow-empty", "-m", "as it is")


class Predating(OnStage):
    """The subject of the job is in no commit of the history."""

    def test_commit_that_predates_the_subject_of_a_job_has_nothing_to_test_and_says_so(
        self,
    ) -> None:
        def turn(stage: Stage, body: str) -> None:
            remove(stage, SUBJECTS[body])
            commit(stage.repo)
            done = stage.run(body)
            self.assertEqual(done.code, 5, f"{body}: {done.text}")
            self.assertRegex(done.text, f"this commit predates {SUBJECTS[body]}.*\\(")
            self.assertIn("nothing to test", done.text)
            tests = ("pytest", "npx", "script", "python scripts", "pnpm run test")
            self.assertFalse([call for call in done.calls if call.startswith(tests)], body)

        self.each(turn, SUBJECTS)

    def test_subject_is_checked_before_outputs_that_only_newer_commits_make(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            remove(stage, SUBJECTS[body])
            commit(stage.repo)
            shutil.rmtree(stage.work / "wheel")
            shutil.rmtree(stage.environment_3_13)
            done = stage.run(body)
            self.assertEqual(done.code, 5, f"{body}: {done.text}")

        self.each(turn, [body for body in SUBJECTS if body != "pw_jupyter"])

    def test_part_of_a_subject_that_a_commit_predates_is_named_and_the_rest_is_tested(self) -> None:
        path = "tests/unit/server/test_mcp_server_integration.py"
        remove(self.stage, path)
        self.assertIn(f"this commit predates {path}", self.passes("test_mcp_wheel").text)
        done = self.passes("pw_jupyter")
        for name in body_stage.MISSING:
            self.assertIn(f"predates tests/integration_notebooks/{name}.ipynb", done.text)

    def test_notebooks_whose_spec_a_commit_predates_are_left_out(self) -> None:
        spec = "packages/buckaroo-js-core/pw-tests/infinite-scroll-transcript.spec.ts"
        remove(self.stage, spec)
        done = self.passes("pw_jupyter")
        self.assertIn(f"this commit predates {spec}", done.text)
        self.assertFalse([call for call in done.calls if "infinite-scroll" in call])

    def test_commit_that_predates_the_notebooks_has_servers_all_the_same(self) -> None:
        remove(self.stage, "tests/integration_notebooks")
        with self.warm():
            wait_for(self.stage.work / "jupyter-servers")
            text = self.stage.done(0).text
        self.assertIn("this commit predates tests/integration_notebooks", text)

    def test_tree_that_is_a_worktree_knows_its_history(self) -> None:
        remove(self.stage, SMOKE)
        commit(self.stage.repo)
        worktree = self.stage.root / "worktree"
        git(self.stage.repo, "worktree", "add", "--quiet", "--detach", str(worktree))
        done = self.stage.run("smoke_test_extras", CI_REPO_DIR=str(worktree))
        self.assertEqual(done.code, 5, done.text)


class Lacking(OnStage):
    """A removed subject, an unknown history and a missing other file are failures."""

    def removed(self, body: str, *, on: Stage | None = None, path: str = SMOKE) -> None:
        """Run a body that has to find out that its subject was removed."""
        expected = rf"expected {path}\S* \(.*\), this commit does not have it, an earlier one did"
        self.fails(body, expected, on=on)

    def untold(self, why: str, repo: Path) -> None:
        """Run a body that cannot find out, and says why."""
        self.fails(
            "smoke_test_extras",
            f"an earlier one had it cannot be told, {why}",
            CI_REPO_DIR=str(repo),
            GIT_CEILING_DIRECTORIES=str(self.stage.root),
        )

    def test_subject_that_was_removed_is_a_failure(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            commit(stage.repo)
            remove(stage, SUBJECTS[body])
            self.removed(body, on=stage, path=SUBJECTS[body])
            commit(stage.repo)
            self.removed(body, on=stage, path=SUBJECTS[body])

        self.each(turn, SUBJECTS)

    def test_part_of_a_subject_that_was_removed_is_a_failure(self) -> None:
        parts = {
            "test_mcp_wheel": "tests/unit/server/test_mcp_server_integration.py",
            "pw_jupyter": "tests/integration_notebooks/test_polars_widget.ipynb",
        }

        def turn(stage: Stage, body: str) -> None:
            commit(stage.repo)
            remove(stage, parts[body])
            self.removed(body, on=stage, path=parts[body])

        self.each(turn, parts)

    def test_subject_that_only_a_merged_branch_had_was_removed(self) -> None:
        repo = self.stage.repo
        git(repo, "checkout", "--quiet", "-b", "side")
        commit(repo)
        git(repo, "checkout", "--quiet", "--detach", "side~")
        git(repo, "merge", "--quiet", "--strategy=ours", "-m", "without it", "side")
        git(
            repo,
            "checkout",
            "side",
            "--",
            "packages",
            "scripts/test_playwright_server.sh",
            "uv.lock",
        )
        self.removed("smoke_test_extras")

    def test_graft_or_replacement_hides_no_removal(self) -> None:
        repo = self.stage.repo
        commit(repo)
        remove(self.stage, SMOKE)
        commit(repo)
        git(repo, "replace", "HEAD~", "HEAD~2")
        self.removed("smoke_test_extras")
        git(repo, "replace", "--delete", "HEAD~")
        git(repo, "replace", "--graft", "HEAD")
        self.removed("smoke_test_extras")

    def test_shallow_clone_cannot_tell(self) -> None:
        remove(self.stage, SMOKE)
        commit(self.stage.repo)
        url = self.stage.repo.as_uri()
        git(self.stage.root, "clone", "--quiet", "--depth=1", url, "shallow")
        clone = self.stage.root / "shallow"
        self.untold("the clone is shallow: git fetch --unshallow", clone)

    def test_partial_clone_whose_origin_is_out_of_reach_cannot_tell(self) -> None:
        remove(self.stage, SMOKE)
        commit(self.stage.repo)
        (self.stage.repo / "uv.lock").write_text("another, so another tree")
        commit(self.stage.repo)
        git(self.stage.repo, "config", "uploadpack.allowFilter", "true")
        url = self.stage.repo.as_uri()
        git(self.stage.root, "clone", "--quiet", "--filter=tree:0", url, "partial")
        clone = self.stage.root / "partial"
        git(clone, "remote", "set-url", "origin", "file:///nowhere")
        self.untold("the history is not whole", clone)

    def test_tree_without_a_repository_cannot_tell(self) -> None:
        remove(self.stage, SMOKE)
        shutil.rmtree(self.stage.repo / ".git")
        self.untold("git does not work here", self.stage.repo)

    def test_means_that_a_commit_lacks_are_a_failure_and_named(self) -> None:
        def turn(stage: Stage, body: str) -> None:
            remove(stage, MEANS[body])
            expected = rf"expected {MEANS[body]} \(.*\), this commit does not have it"
            self.fails(body, expected, on=stage)

        self.each(turn, MEANS)

    def test_no_notebook_in_their_directory_is_a_failure(self) -> None:
        for path in (self.stage.repo / "tests" / "integration_notebooks").iterdir():
            path.unlink()
        self.fails("jupyter_warmup", "found none: nothing to serve")
