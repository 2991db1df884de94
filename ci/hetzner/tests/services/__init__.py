"""The parts of a box together, as processes: receiver, queue, worker, dashboard, sshd."""
