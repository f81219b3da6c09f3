"""Rows to answers: sql/ holds one question per file."""
