"""Tenants: who may read what, which broker serves them, what they consumed."""
