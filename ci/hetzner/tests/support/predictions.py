"""Predictions of runs, from jobs and their durations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.model.durations import Timings
from lib.model.job import Job
from lib.simulate import predict
from lib.simulate.predict import Scenario


def scenario(declared: list[Job], durations: Mapping[str, float], **more: Any) -> Scenario:
    """Return the scenario of these jobs with recorded durations; `more` are its other fields."""
    timings = Timings(durations, more.pop("outputs", {}), more.pop("restored", {}))
    return Scenario(declared, more.pop("pools", {}), timings, **more)


def seconds(declared: list[Job], durations: Mapping[str, float], **more: Any) -> float:
    """Return the predicted seconds of a run."""
    return predict.predict(scenario(declared, durations, **more)).seconds
