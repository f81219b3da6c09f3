"""Rollups: equal to recomputations that are written in another way, whatever was stored when."""
