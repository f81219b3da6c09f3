"""Connections and provisioning: Kafka, ClickHouse, the schema registry, metrics, logs, supervision."""
