"""Shared by all runs of one machine: ports, pools, the register of live runs."""
