"""The sources of the project, parsed once for all tests that look at them."""

from __future__ import annotations

import ast
import functools
from pathlib import Path


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of the syntax tree of a Python file."""
    return tuple(ast.walk(ast.parse(path.read_text())))
