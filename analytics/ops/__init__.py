"""What operations supply: subscriptions, invoices, charges and the rest, read from files, checked whole, and corrected
by new rows. See docs/ops.md.
"""
