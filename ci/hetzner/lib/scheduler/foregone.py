"""Ends the nodes whose outcome is known before the run begins. Starts nothing."""

from __future__ import annotations

from lib.model.cause import Cause, Why
from lib.model.result import Outcome
from lib.model.run_plan import RunPlan
from lib.scheduler.node_states import NodeStates
from lib.scheduler.nodes import Effect


def refuse(plan: RunPlan, states: NodeStates) -> None:
    """End all nodes: some jobs cannot run on this machine, so nothing starts."""
    refused = plan.refused
    others = Why(f"nothing was started: {', '.join(refused)} cannot run", Cause.REFUSED)
    for node in states.nodes.values():
        if node.name in refused and not states.not_begun(node):
            states.end(node, Outcome.FAILED, refused[node.name], Effect.CANCELLED)
        else:
            states.cancel(node, others)


def restore(plan: RunPlan, states: NodeStates) -> None:
    """End the nodes of jobs that are restored from an earlier run: their dependents may start."""
    for node in states.nodes.values():
        if earlier := plan.restored.get(node.name):
            node.result.earlier = earlier
            states.end(node, Outcome.RESTORED, Why(earlier.text, earlier.cause))
