"""What tiers promise, measured slice by slice, judged live, and told to each tenant."""
