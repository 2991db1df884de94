"""Tries an installation: smoke_test.py EXTRA imports what the extra promises and uses it."""

import importlib
import sys

PROMISED = {
    "base": [],
    "polars": ["polars"],
    "mcp": ["tornado", "buckaroo.server"],
    "marimo": ["marimo"],
    "jupyterlab": ["jupyterlab"],
    "notebook": ["notebook"],
}

extra = sys.argv[1]
import buckaroo  # noqa: E402

for name in PROMISED[extra]:
    importlib.import_module(name)
assert buckaroo.widget_script, "the wheel holds no widget"
rows = [{"a": 1}, {"a": 2}]
if extra == "polars":
    import polars

    rows = polars.DataFrame(rows).to_dicts()
assert buckaroo.summarize(rows)["a"]["max"] == 2
print(f"{extra}: fine, from {buckaroo.__file__}")
