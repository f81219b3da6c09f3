"""The pure heart: values and times in, values out. Compiled by numba; `plain` says what each means."""
