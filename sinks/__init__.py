"""Topics to ClickHouse rows: every record once."""
