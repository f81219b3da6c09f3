"""How the codec's inner loops are compiled: by numba, kept on disk, without holding the interpreter lock."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(function: Loop) -> Loop:
    """Compile `function` at its first call.

    Without numba's reference counts (`_nrt`) and inlined, so that a small function that is passed arrays costs nothing:
    with them decoding took thirteen times as long. A compiled function therefore allocates nothing.

    numba's cache notices edits of the function's own file only: keep what it calls beside it, and after an edit of the
    constants it takes from `program` touch its file.
    """
    return cast(Loop, numba.njit(cache=True, nogil=True, _nrt=False, forceinline=True)(function))
