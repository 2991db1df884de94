"""Writes what the run of a commit ran on: environment.json, and versions.txt for a quick look."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from lib.buckaroo import environment_parts, settings
from lib.commit import tool_versions
from lib.common import files
from lib.report import environment_record


def write(
    directory: Path,
    config: settings.Settings,
    tree: Path,
    tools: Mapping[str, Mapping[str, str | None]],
    mask: Callable[[str], str],
) -> None:
    """Write both into the directory of a run. Raises OSError."""
    generic = environment_record.generic(settings.job_environment(config, os.environ))
    record = {**generic, "tools": tools, **environment_parts.parts(config, tree)}
    environment_record.write(directory, record, mask)
    text = mask(tool_versions.lines(tools))
    files.atomic_write(directory / "versions.txt", text, durable=False)
