"""A company that was made up: for demonstrations and for trying reports. Everything of it is marked as synthetic.

Pure and repeatable: the same plot, tiers and brokers make the same rows.
"""
