"""The Faust agents: shells around the kernels."""
