"""Bash by which a process tries to outlive its job; each line returns at once."""

ESCAPES = {
    "background child": "SLEEP &",
    "session of its own": "setsid SLEEP &",
    "double fork": "(setsid bash -c '(SLEEP & exec sleep 0.01) &' &)",
    "leader that ignores TERM": "trap '' TERM; SLEEP &",
    "grandchild that ignores TERM": "(trap '' TERM; setsid bash -c 'SLEEP & wait' &)",
    "no environment": "env -i SLEEP &",
    "no environment, group and output": "env -i setsid SLEEP </dev/null >/dev/null 2>&1 &",
    "stopped child": "SLEEP & kill -STOP $!",
    "stopped tree": "(setsid bash -c 'SLEEP & kill -STOP $! $$' &)",
    "group leader that exits first": "setsid bash -c 'SLEEP & SLEEP &'",
    "open log": "setsid bash -c 'echo held; SLEEP' </dev/null &",
    "pipeline": "(SLEEP | SLEEP | setsid SLEEP) &",
}
# each of many children forks again as soon as its child is killed
STORM = r"""
keep_forking() { trap '' TERM; while :; do SLEEP & wait $!; done; }
for n in $(seq COUNT); do keep_forking & done
"""
