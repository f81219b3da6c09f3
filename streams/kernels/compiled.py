"""How the kernels are compiled."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])

_FOLDER = Path(__file__).parent


def _fingerprint() -> str:
    """Names the cache after the text of all kernels: numba itself notices edits of a function's own file only."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(_FOLDER.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


_CACHE = str(_FOLDER / "__pycache__" / f"numba-{_fingerprint()}")


def kernel(function: Kernel) -> Kernel:
    """Compile `function` at its first call, keep it on disk, and run it without the interpreter lock.

    Without numba's reference counts, and inlined: a call passes the shard's twenty arrays by value, which costs ten
    times the work. So a kernel allocates nothing; what it needs to work with is part of the state.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = _CACHE
    try:
        compiled = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)(function)
    finally:
        numba.config.CACHE_DIR = before
    return cast(Kernel, compiled)
