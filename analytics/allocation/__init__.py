"""Which part of which charge is whose (SEMANTICS section 9): values in, values out, whole micro-dollars."""
