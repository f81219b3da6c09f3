"""Brokers simulated over a recorded reference market; what is lost and doubled on purpose is known exactly."""
