"""Tests of pages in a browser; check.py runs them, since they need packages of npm."""
