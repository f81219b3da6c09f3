"""tierfeed: FX broker ticks, consolidated on Kafka and served as graded products."""
