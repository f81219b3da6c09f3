"""The meter: from what groups commit to what tenants consumed, without a proxy in between."""
