"""Jobs, their graph, the plan of a run, events and the verdict. Pure: no I/O and no clock."""
