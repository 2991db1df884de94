"""What earlier runs left on a machine: processes, ports and half-written files."""
