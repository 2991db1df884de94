"""The command that runs jobs of an earlier run again."""

from __future__ import annotations

import shlex
import unittest

from dsl import Job
from lib.buckaroo import settings
from lib.commands import run_again
from lib.commit import run_again_command

TABLE = [
    Job("build", "true", outputs={"wheel": "w"}),
    Job("server", "true", ["build"], service=True),
    Job("test", "true", ["build:wheel"]),
    Job("browser", "true", ["test", "server"]),
]


class Rerun(unittest.TestCase):
    def test_job_is_run_alone_unless_a_service_has_to_be_started_for_it(self) -> None:
        alone = {job.name: "--no-deps" in run_again.selection(TABLE, [job.name]) for job in TABLE}
        self.assertEqual(alone, {"build": True, "server": True, "test": True, "browser": False})

    def test_several_jobs_are_run_by_one_selection_with_a_filter_if_there_is_one(self) -> None:
        self.assertEqual(
            run_again.selection(TABLE, ["build", "test"], "a,b"),
            ["--only-jobs", "build,test", "--no-deps", "--only-testcases", "a,b"],
        )
        self.assertEqual(
            run_again.selection(TABLE, ["test", "browser"]), ["--only-jobs", "test,browser"]
        )

    def test_command_names_commit_checkout_and_state(self) -> None:
        config = settings.load_anywhere({}, {"CI_STATE_DIR": "/state", "HOME": "/home"})
        command = run_again_command.command("/ci/pipeline.py", "1a2b", config, TABLE, ["test"])
        repo = shlex.quote(str(config.repo_dir))
        self.assertEqual(
            command,
            f"python3 /ci/pipeline.py 1a2b --repo {repo} --state-dir /state "
            "--only-jobs test --no-deps",
        )
        in_place = run_again_command.command("/ci/pipeline.py", "", config, TABLE, ["test"])
        self.assertEqual(in_place, command.replace(" 1a2b ", " --in-place "))


if __name__ == "__main__":
    unittest.main()
