"""Bodies: chunks, encodings, and what is cut off."""

import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterator

import lz4.block
import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from infra.embedded.clickhouse_body import blocks, chunked, compressed, decoded, head, sized
from infra.embedded.clickhouse_engine import ClickHouseError, literal, prelude

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "lz4": lz4.frame.decompress,
}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def block(data: bytes, method: int) -> bytes:
    packed = {
        0x02: lambda: data,
        0x82: lambda: lz4.block.compress(data, store_size=False),
        0x90: lambda: zstandard.ZstdCompressor().compress(data),
    }[method]()
    return bytes(16) + struct.pack("<BII", method, len(packed) + 9, len(data)) + packed


@given(st.sampled_from(sorted(ENCODERS)), st.lists(st.binary(min_size=1), min_size=1), st.integers(1, 50))
def test_frames_that_follow_one_another_are_one_body(encoding: str, frames: list[bytes], size: int) -> None:
    packed = b"".join(ENCODERS[encoding](frame) for frame in frames)
    assert b"".join(decoded(pieces(packed, size), encoding)) == b"".join(frames)


@pytest.mark.parametrize("encoding", sorted(ENCODERS))
def test_an_encoded_body_that_is_cut_off_is_refused(encoding: str) -> None:
    packed = ENCODERS[encoding](bytes(range(256)) * 100)
    with pytest.raises(ClickHouseError):
        list(decoded(pieces(packed[: len(packed) // 2], 64), encoding))


def test_an_unknown_encoding_is_refused_by_name() -> None:
    with pytest.raises(ClickHouseError, match="snappy"):
        list(decoded(iter([b"x"]), "snappy"))


@given(st.lists(st.tuples(st.binary(min_size=1), st.sampled_from([0x02, 0x82, 0x90]))), st.integers(1, 50))
def test_clickhouses_blocks_are_unpacked(content: list[tuple[bytes, int]], size: int) -> None:
    packed = b"".join(block(data, method) for data, method in content)
    assert b"".join(blocks(pieces(packed, size))) == b"".join(data for data, _ in content)


@pytest.mark.parametrize("packed", [block(b"abc", 0x82)[:-1], block(b"abc", 0x82)[:25] + b"\xff" * 4, b"\1" * 40])
def test_a_broken_block_is_refused(packed: bytes) -> None:
    with pytest.raises(ClickHouseError):
        list(blocks(iter([packed])))


@given(st.lists(st.binary(min_size=1)))
def test_chunks_make_a_body(parts: list[bytes]) -> None:
    text = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nTrailer: x\r\n\r\nNEXT"
    stream = io.BytesIO(text)
    assert b"".join(chunked(stream)) == b"".join(parts)
    assert stream.read() == b"NEXT"


@pytest.mark.parametrize("text", [b"", b"5\r\nabc", b"3\r\nabc\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"what\r\n"])
def test_chunks_that_break_off_are_no_body(text: bytes) -> None:
    with pytest.raises(ClickHouseError):
        list(chunked(io.BytesIO(text)))


def test_a_sized_body_that_is_too_short_is_none() -> None:
    assert b"".join(sized(io.BytesIO(b"abcdef"), 3)) == b"abc"
    with pytest.raises(ClickHouseError):
        list(sized(io.BytesIO(b"ab"), 3))


@given(st.lists(st.binary()), st.integers(1, 100))
def test_the_head_and_the_rest_are_the_whole(parts: list[bytes], size: int) -> None:
    start, rest = head(iter(parts), size)
    behind = b"".join(rest)
    assert start + behind == b"".join(parts)
    assert len(start) >= size or not behind


@given(st.sampled_from(sorted(DECODERS)))
def test_an_answer_is_packed_as_the_client_can_read_it(encoding: str) -> None:
    body = b"0123456789" * 1000
    packed, name = compressed(memoryview(body), f"br;q=0.9, {encoding}")
    assert name == encoding
    assert DECODERS[encoding](bytes(packed)) == body
    assert compressed(memoryview(body), "br")[1] is None
    assert compressed(memoryview(b"short"), encoding)[1] is None


def test_a_session_begins_with_quoted_values_and_readonly_last() -> None:
    assert prelude(None, {}) == ""
    assert (
        prelude("a`b", {"readonly": "2", "x": "it's; \\"}) == "USE `a\\`b`;SET x = 'it\\'s; \\\\';SET readonly = '2';"
    )
    with pytest.raises(ClickHouseError, match="Unknown setting 'a b'"):
        prelude(None, {"a b": "1"})
    assert literal("\0'") == "'\\0\\''"


def test_an_error_is_told_once_and_without_our_own_doing() -> None:
    told = ClickHouseError.told(
        "Code: 27. DB::Exception: Code: 27. DB::Exception: Cannot parse: (at row 2)\n: (in file/uri /proc/self/fd/16): "
        "While executing File: data for INSERT was parsed from file. (CANNOT_PARSE_INPUT) (version 26.9.2.1). "
        "(CANNOT_PARSE_INPUT)"
    )
    assert told.code == 27
    assert str(told) == (
        "Code: 27. DB::Exception: Cannot parse: (at row 2)\n: While executing File. (CANNOT_PARSE_INPUT)"
    )
    assert ClickHouseError.told("out of luck").code == 1002
