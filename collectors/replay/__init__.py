"""Recorded ticks, played on a session clock of their own."""
