"""Pure values: the vocabulary every part shares. No I/O, no clocks."""
