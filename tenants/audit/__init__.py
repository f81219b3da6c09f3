"""The auditor: what the Kafka cluster has refused, from its authorizer's log to `access.decisions`."""
