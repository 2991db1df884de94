import time

import pytest

from buckaroo import summarize


@pytest.mark.timing_dependent
def test_large_table_is_summarized_in_seconds():
    rows = [{"a": n, "b": n % 7} for n in range(20_000)]
    began = time.monotonic()
    summary = summarize(rows)
    assert summary["b"]["distinct"] == 7
    assert time.monotonic() - began < 5
