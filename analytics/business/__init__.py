"""The business: what serving cost, what it earned, and how the customers are."""
