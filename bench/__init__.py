"""Side-by-side measurements against stock Faust, Quix Streams and Kafka Streams. Never imported by the product."""
