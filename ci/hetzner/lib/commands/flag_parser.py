"""A parser of flags that names the flag which a mistyped one may mean."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from lib.model.names import close


class FlagParser(argparse.ArgumentParser):
    """Ends with 2 and a sentence for words that it does not know."""

    def parse_args(  # type: ignore[override]  # its overloads are those of a namespace
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """Return what the words say."""
        given, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._meant(unknown)}")
        return given

    def _meant(self, unknown: Sequence[str]) -> str:
        """Return a question for the first flag that is nearly a known one, '' without one."""
        words = {flag.lstrip("-"): flag for flag in self._option_string_actions}
        for flag in (word.partition("=")[0] for word in unknown if word.startswith("--")):
            if near := close(flag[2:], words):
                return f"; did you mean {words[near]!r}?"
        return ""
