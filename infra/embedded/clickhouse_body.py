"""Bodies of HTTP requests and answers: chunks, compression, and what does not fit into memory.

A request's body is decoded piece by piece; rows go to an unnamed file, so memory stays flat and a killed server leaves
nothing behind.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import lz4.block
import lz4.frame
import zstandard

from infra.embedded.clickhouse_engine import ClickHouseError

PIECE_BYTES = 1 << 20
COMPRESS_FROM_BYTES = 4096  # below this a compressed answer is no smaller in packets
ENCODINGS = ("lz4", "zstd", "gzip", "deflate")  # in the order the server prefers

_BLOCK_HEADER = struct.Struct("<16sBII")
_BLOCK_METHODS = {0x02: "none", 0x82: "lz4", 0x90: "zstd"}


class Reader(Protocol):
    """What an HTTP connection's input offers."""

    def read(self, size: int = -1, /) -> bytes: ...

    def readline(self, size: int = -1, /) -> bytes: ...


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _Zstd:
    """zstandard's streaming decoder with the two attributes its siblings have."""

    def __init__(self) -> None:
        self._decoder = zstandard.ZstdDecompressor().decompressobj()

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data)

    def decompress(self, data: bytes, /) -> bytes:
        return self._decoder.decompress(data)


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": _Zstd,
    "gzip": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS),
    "deflate": lambda: zlib.decompressobj(),
}


def sized(stream: Reader, length: int) -> Iterator[bytes]:
    """A body of known length."""
    while length:
        piece = stream.read(min(length, PIECE_BYTES))
        if not piece:
            raise _cut_off()
        length -= len(piece)
        yield piece


def chunked(stream: Reader) -> Iterator[bytes]:
    """A body with `Transfer-Encoding: chunked`. A body that ends before its last chunk is an error, never data."""
    while True:
        line = stream.readline(1024)
        try:
            size = int(line.split(b";", 1)[0], 16)
        except ValueError:
            raise _cut_off() from None
        if size == 0:
            break
        yield from sized(stream, size)
        if stream.readline(1024).strip():
            raise _cut_off()
    while stream.readline(65536).strip():
        continue  # trailers


def decoded(pieces: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """Undo a Content-Encoding; frames that follow one another are one body."""
    if encoding in (None, "", "identity"):
        yield from pieces
        return
    make = _DECOMPRESSORS.get(str(encoding))
    if make is None:
        raise ClickHouseError.of(48, "NOT_IMPLEMENTED", f"Unknown compression method: {encoding}")
    decoder: _Decompressor | None = None
    try:
        for piece in pieces:
            rest = piece
            while rest:
                decoder = make() if decoder is None or decoder.eof else decoder
                if plain := decoder.decompress(rest):
                    yield plain
                rest = decoder.unused_data if decoder.eof else b""
    except (RuntimeError, zlib.error, zstandard.ZstdError) as error:
        raise ClickHouseError.of(271, "CANNOT_DECOMPRESS", f"The body is not {encoding}: {error}") from error
    if decoder is not None and not decoder.eof:
        raise _cut_off()


def blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Undo ClickHouse's own framing (`decompress=1`). TCP's checksum is trusted; the frame's is not looked at."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _BLOCK_HEADER.size:
            _, method, packed, plain = _BLOCK_HEADER.unpack_from(waiting)
            end = 16 + packed  # the sizes and the method count as packed, the checksum does not
            if method not in _BLOCK_METHODS or packed < 9:
                raise ClickHouseError.of(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method: {method:#x}")
            if len(waiting) < end:
                break
            yield _unpacked(_BLOCK_METHODS[method], bytes(waiting[_BLOCK_HEADER.size : end]), plain)
            del waiting[:end]
    if waiting:
        raise _cut_off()


def _unpacked(method: str, packed: bytes, plain_bytes: int) -> bytes:
    try:
        if method == "lz4":
            return bytes(lz4.block.decompress(packed, uncompressed_size=plain_bytes))
        if method == "zstd":
            return zstandard.ZstdDecompressor().decompress(packed, max_output_size=plain_bytes)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        raise ClickHouseError.of(271, "CANNOT_DECOMPRESS", f"A block is not {method}: {error}") from error
    return packed


def head(pieces: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """At least the first `size` bytes (all there is, if less), and the pieces behind them."""
    start = io.BytesIO()
    for piece in pieces:
        start.write(piece)
        if start.tell() >= size:
            break
    return start.getvalue(), pieces


def compressed(body: memoryview, accepted: str) -> tuple[bytes | memoryview, str | None]:
    """The answer in the first encoding both sides know, with that encoding's name."""
    offered = {part.split(";")[0].strip().lower() for part in accepted.split(",")}
    encoding = next((name for name in ENCODINGS if name in offered), None)
    if encoding is None or len(body) < COMPRESS_FROM_BYTES:
        return body, None
    if encoding == "lz4":
        return lz4.frame.compress(body), encoding
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=1).compress(body), encoding
    bits = 16 + zlib.MAX_WBITS if encoding == "gzip" else zlib.MAX_WBITS
    packer = zlib.compressobj(level=1, wbits=bits)
    return packer.compress(body) + packer.flush(), encoding


def _cut_off() -> ClickHouseError:
    return ClickHouseError.of(33, "CANNOT_READ_ALL_DATA", "The request's body ended before it was complete")
