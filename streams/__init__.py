"""Broker topics to tier topics: the kernels, the agents that feed them, and what they publish."""
