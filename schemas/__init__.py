"""What stands on the wire: Avro schemas and their ids, topics, the codec, and the rules by which schemas may change."""
