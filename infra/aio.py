"""What `KafkaSettings.client` says to librdkafka, in aiokafka's words."""

import ssl
from typing import Any

from tierfeed.settings import KafkaSettings


def connection(kafka: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of aiokafka's clients."""
    config: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "security_protocol": kafka.security_protocol,
    }
    if kafka.username is not None and kafka.password is not None:
        config |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password.get_secret_value(),
        }
    if kafka.security_protocol.endswith("SSL"):
        config["ssl_context"] = context = ssl.create_default_context(cafile=kafka.ca_file)
        if kafka.cert_file is not None:
            password = None if kafka.key_password is None else kafka.key_password.get_secret_value()
            context.load_cert_chain(kafka.cert_file, kafka.key_file, password)
    return config
