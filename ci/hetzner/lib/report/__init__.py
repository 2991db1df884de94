"""Shows a run: ci.log, the summary, the end of a failed log, the graph. Changes nothing."""
