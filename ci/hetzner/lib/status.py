"""Tells GitHub how a commit fares: the four functions that other programs import."""

from __future__ import annotations

from lib.github.status_reporter import status_error, status_failure, status_pending, status_success

__all__ = ["status_error", "status_failure", "status_pending", "status_success"]
