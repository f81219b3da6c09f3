"""TLS to a Kafka cluster: every client of ours, by settings alone; and certificates that do not fit."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from string import Template

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.embedded import kafka as embedded
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.ports import HOST, free_ports
from infra.kafka import admin, apply, describe, plan_topics, producer, wait_ready
from infra.quotas import quotas_of, set_quotas
from schemas.topics import Topic
from tests.builders import eventually
from tierfeed.domain.tenants import ADMIN
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka

LISTENER = """
listeners=CLIENTS://{host}:$port,TLS://{host}:{tls},MUTUAL://{host}:{mutual},CONTROLLER://{host}:$controller
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,TLS:SASL_SSL,MUTUAL:SSL,CONTROLLER:SASL_PLAINTEXT
listener.name.tls.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.mutual.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*?)$$/$$1/
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
"""


class Authority:
    """Signs certificates; everything as PEM files in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._subject = _named(name)
        self._certificate = self._signed(self._subject, self._key, authority=True)
        self.file = folder / f"{name}-ca.pem"
        self.file.write_bytes(_pem(self._certificate))

    def certify(self, name: str) -> tuple[Path, Path]:
        """(certificate, key) of somebody on this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(_pem(self._signed(_named(name), key)))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "authority")


@pytest.fixture(scope="module")
def ports() -> list[int]:
    return free_ports(2)


@pytest.fixture(scope="module")
def server(folder: Path, authority: Authority, ports: list[int]) -> Iterator[KafkaSettings]:
    """A secured cluster that listens with TLS, too: settings for its admin without it."""
    certificate, key = authority.certify("server")
    keystore = folder / "server-keystore.pem"
    keystore.write_bytes(key.read_bytes() + certificate.read_bytes() + authority.file.read_bytes())
    more = LISTENER.format(host=HOST, tls=ports[0], mutual=ports[1], keystore=keystore, ca=authority.file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "SECURED", Template(embedded.SECURED.template + more))
        kafka = EmbeddedKafka(folder / "kafka", secure=True)
        try:
            yield kafka.start().settings()
        finally:
            kafka.stop()


@pytest.fixture
def over_tls(server: KafkaSettings, authority: Authority, ports: list[int]) -> KafkaSettings:
    changes = {
        "bootstrap_servers": f"{HOST}:{ports[0]}", "security_protocol": "SASL_SSL", "ca_file": authority.file,
    }  # fmt: skip
    return server.model_copy(update=changes)


def test_topics_records_and_quotas_go_over_tls(over_tls: KafkaSettings, unique: str) -> None:
    topic = Topic(name=unique, key="", values=(), partitions=1)
    apply(plan_topics({unique: topic}, {}), admin(over_tls))
    sending = producer(over_tls)
    sending.produce(unique, b"sealed")
    assert sending.flush(20) == 0
    assert unique in describe(admin(over_tls))
    set_quotas(over_tls, {unique: 1_000_000})
    eventually(lambda: quotas_of(over_tls).get(unique) == 1_000_000)


def test_the_command_line_reads_password_and_certificates_from_files(
    over_tls: KafkaSettings, folder: Path, tmp_path: Path
) -> None:
    assert over_tls.password is not None
    (folder / "password").write_text(over_tls.password.get_secret_value() + "\n")
    env = os.environ | {
        "TIERFEED_HOME": str(tmp_path),
        "TIERFEED_KAFKA__BOOTSTRAP_SERVERS": over_tls.bootstrap_servers,
        "TIERFEED_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "TIERFEED_KAFKA__USERNAME": ADMIN,
        "TIERFEED_KAFKA__PASSWORD_FILE": str(folder / "password"),
        "TIERFEED_KAFKA__CA_FILE": str(over_tls.ca_file),
    }
    asked = [sys.executable, "-m", "tierfeed", "rights", "plan", "--json"]
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert {change["subject"] for change in json.loads(done.stdout)["changes"]} >= {"streams", "sinks", "meter"}


def test_a_certificate_of_ones_own_opens_a_cluster_that_wants_one(
    server: KafkaSettings, authority: Authority, ports: list[int]
) -> None:
    certificate, key = authority.certify(ADMIN)
    mutual = Settings(
        kafka={
            "bootstrap_servers": f"{HOST}:{ports[1]}", "security_protocol": "SSL", "ca_file": authority.file,
            "cert_file": certificate, "key_file": key,
        }
    ).kafka  # fmt: skip
    assert wait_ready(mutual, 20)
    assert quotas_of(mutual) is not None
    without = mutual.model_copy(update={"cert_file": None, "key_file": None})
    with pytest.raises(UpstreamError):
        wait_ready(without, 2)


def test_a_server_that_another_authority_vouches_for_is_not_spoken_to(over_tls: KafkaSettings, tmp_path: Path) -> None:
    stranger = over_tls.model_copy(update={"ca_file": Authority(tmp_path, "stranger").file})
    with pytest.raises(UpstreamError, match="is not ready"):
        wait_ready(stranger, 2)
    with pytest.raises(UpstreamError):
        quotas_of(stranger)
