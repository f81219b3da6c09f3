"""Broker sessions to `ticks.<broker>`: the port, what plays behind it, the publisher and the runner."""
