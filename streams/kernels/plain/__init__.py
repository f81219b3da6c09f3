"""The plain twins: what the stream kernels mean, in dicts and dataclasses. The compiled ones must agree with them."""
