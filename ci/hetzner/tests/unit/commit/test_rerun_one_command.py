"""The command that runs one job of an earlier run again."""

from __future__ import annotations

import shlex
import unittest

from dsl import Job
from lib.buckaroo import settings
from lib.commands import rerun_one
from lib.commit import rerun_one_command

TABLE = [
    Job("build", "true", outputs={"wheel": "w"}),
    Job("server", "true", ["build"], service=True),
    Job("test", "true", ["build:wheel"]),
    Job("browser", "true", ["test", "server"]),
]


class Rerun(unittest.TestCase):
    def test_job_is_run_alone_unless_a_service_has_to_be_started_for_it(self) -> None:
        alone = {job.name: "--no-deps" in rerun_one.selection(TABLE, job.name) for job in TABLE}
        self.assertEqual(alone, {"build": True, "server": True, "test": True, "browser": False})

    def test_command_names_commit_checkout_and_state(self) -> None:
        config = settings.load_anywhere({}, {"CI_STATE_DIR": "/state", "HOME": "/home"})
        command = rerun_one_command.command("/ci/pipeline.py", "1a2b", config, TABLE, "test")
        repo = shlex.quote(str(config.repo_dir))
        self.assertEqual(
            command,
            f"python3 /ci/pipeline.py 1a2b --repo {repo} --state-dir /state "
            "--only-jobs test --no-deps",
        )
        in_place = rerun_one_command.command("/ci/pipeline.py", "", config, TABLE, "test")
        self.assertEqual(in_place, command.replace(" 1a2b ", " --in-place "))


if __name__ == "__main__":
    unittest.main()
