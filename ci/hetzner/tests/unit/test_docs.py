"""The pages for people: links, names of files, and the lists that they give in full."""

from __future__ import annotations

import inspect
import re
import unittest
from collections.abc import Mapping
from pathlib import Path

from dsl import Job
from lib.buckaroo import settings
from lib.commit import command_line
from lib.common.version import VERSION
from lib.configuration import service_settings
from lib.model.cause import Cause
from lib.scheduler.nodes import NEXT
from tests.support.own_repository import OWN, README, TOP, needs_own_readme

HOME = Path(__file__).resolve().parents[2]
RULES = HOME / "tests" / "rules"
PAGES = (
    *([README] if OWN else []),
    *sorted((HOME / "docs").glob("*.md")),
    RULES / "README.md",
)
LONGEST_README = 120  # lines
FILE = re.compile(r"`([\w./-]+\.(?:py|sh|md|c|cjs|json))`")
# made by a run, by a reader of the recipe, by pnpm
NOT_OURS = {
    "summary.json",
    "jobs.json",
    "environment.json",
    "trace.json",
    "lib/commands/my_command.py",
    "jobs/my_job.sh",
    "node_modules",
}
PLACES = (HOME, HOME / "lib", HOME / "deploy", HOME / "docs", RULES, TOP)


def text_of(path: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", path.read_text())


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", text_of(path))
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


class Recording(dict[str, str]):
    """An environment that records the names which were asked for."""

    def __init__(self) -> None:
        super().__init__(HOME="/nonexistent")
        self.asked: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        """Return the value of a variable, and keep its name."""
        self.asked.add(name)
        return super().get(name, default)


class Pages(unittest.TestCase):
    @needs_own_readme
    def test_readme_fits_in_120_lines(self) -> None:
        self.assertLessEqual(len(README.read_text().splitlines()), LONGEST_README)

    def test_changelog_begins_with_this_version(self) -> None:
        text = (HOME / "docs" / "CHANGELOG.md").read_text()
        self.assertEqual(re.findall(r"(?m)^## ([\d.]+)", text)[:1], [VERSION])

    def test_each_link_leads_to_a_file_and_a_heading(self) -> None:
        for page in PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
                path, _, anchor = target.partition("#")
                if ":" in path:
                    continue
                found = (page.parent / path).resolve() if path else page
                self.assertTrue(found.exists(), f"{page.name}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors(found), f"{page.name}: {target}")

    def test_each_file_that_is_named_exists(self) -> None:
        missing = [
            f"{page.name}: {name}"
            for page in PAGES
            for name in FILE.findall(text_of(page))
            if name not in NOT_OURS and not any((place / name).exists() for place in PLACES)
        ]
        self.assertEqual(missing, [])


def section(heading: str) -> str:
    """Return the text of the page on usage below a heading, up to the next one."""
    return (
        (HOME / "docs" / "usage.md").read_text().split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    )


class Usage(unittest.TestCase):
    """The page on usage lists all flags, settings and fields of a job, and no others."""

    def test_each_flag_of_pipeline_py_is_explained(self) -> None:
        text = section("pipeline.py").split("\n### ", 1)[0]
        actions = [action.option_strings for action in command_line.parser()._actions]
        flags = {flag for names in actions for flag in names if flag.startswith("--")}
        self.assertEqual(set(re.findall(r"(--[a-z][a-z-]+)", text)), flags)

    def test_each_variable_that_settings_read_is_in_the_table(self) -> None:
        environ = Recording()
        settings.load_anywhere({}, environ)
        service_settings.load(environ=environ)
        asked = environ.asked - {"HOME", "PATH", "XDG_CACHE_HOME"}
        rows = re.findall(r"(?m)^\| (`[^|]+`) \|", section("Settings"))
        self.assertEqual(
            {name for row in rows for name in re.findall(r"`(\w+)`", row)}, asked | {"CI_REPO_DIR"}
        )

    def test_table_explains_every_field_of_a_job_and_positional_ones_in_their_order(self) -> None:
        rows = re.findall(r"^\| `(\w+)` ", section("Fields of a job"), re.MULTILINE)
        fields = inspect.signature(Job).parameters.values()
        self.assertEqual(sorted(rows), sorted(field.name for field in fields))
        by_position = [f.name for f in fields if f.kind is f.POSITIONAL_OR_KEYWORD]
        self.assertEqual(rows[: len(by_position)], by_position)

    def test_table_tells_the_defaults_of_a_job(self) -> None:
        rows = dict(
            re.findall(r"^\| `(\w+)` \| `?([^|`]+)`?", section("Fields of a job"), re.MULTILINE)
        )
        made = Job("name", "true")
        for field in inspect.signature(Job).parameters.values():
            if field.default is not field.empty:
                value = getattr(made, field.name)
                shown = dict(value) if isinstance(value, Mapping) else value
                text = f'"{shown}"' if isinstance(shown, str) else str(shown)
                self.assertEqual(rows[field.name].strip(), text, field.name)


class Faults(unittest.TestCase):
    def test_each_kind_of_fault_names_tests_that_are_there(self) -> None:
        lines = (HOME / "docs" / "faults.md").read_text().split("\n## ", 1)[1]
        named = set(re.findall(r"`((?:unit|runs|faults|bodies|rules)/[\w/]+)`", lines))
        tests = HOME / "tests"
        there = {str(path.relative_to(tests).with_suffix("")) for path in tests.rglob("test_*.py")}
        self.assertEqual(named - there, set())
        rows = re.findall(r"(?m)^\| (.*) \|$", lines)
        kinds = [row for row in rows if not row.startswith("kind of fault")]
        self.assertEqual([kind for kind in kinds if "/test_" not in kind], [])


class Events(unittest.TestCase):
    def test_each_class_of_cause_is_in_the_table(self) -> None:
        rows = re.findall(r"(?m)^\| (`.*) \| .* \|$", (HOME / "docs" / "events.md").read_text())
        named = set(re.findall(r"`([^`]+)`", " ".join(rows)))
        self.assertEqual({str(cause) for cause in Cause if cause} - named, set())


class Architecture(unittest.TestCase):
    def test_diagram_shows_the_moves_that_a_node_may_make(self) -> None:
        page = (HOME / "docs" / "architecture.md").read_text()
        drawn = set(re.findall(r"(?m)^ +([A-Z]+) --> ([A-Z]+)", page))
        allowed = {(state.name, to.name) for state, moves in NEXT.items() for to in moves}
        self.assertEqual(drawn, allowed)

    def test_recipes_name_only_what_the_code_defines(self) -> None:
        recipes = (HOME / "docs" / "architecture.md").read_text().split("\n## Recipes", 1)[1]
        sources = [*HOME.glob("*.py"), *HOME.glob("lib/**/*.*"), *HOME.glob("tests/support/*.py")]
        code = "\n".join(path.read_text() for path in sources if path.suffix in (".py", ".sh"))
        missing = [
            name
            for name in sorted(set(re.findall(r"`(\w+)`", recipes)) - NOT_OURS)
            if not re.search(rf"(?m)(class|def) {name}\b|^\s*{name}( =|: |\(\) )", code)
        ]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
