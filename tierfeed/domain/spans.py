"""Sets of moments as sorted, disjoint, half-open spans [start, end) of whole seconds since 1970, UTC."""

from collections.abc import Iterable

Span = tuple[int, int]
Spans = tuple[Span, ...]


def union(spans: Iterable[Span]) -> Spans:
    """All moments of any of the spans, which may overlap, touch and be empty."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def intersection(a: Spans, b: Spans) -> Spans:
    """The moments of both."""
    found: list[Span] = []
    i = k = 0
    while i < len(a) and k < len(b):
        start, end = max(a[i][0], b[k][0]), min(a[i][1], b[k][1])
        if start < end:
            found.append((start, end))
        if a[i][1] <= b[k][1]:
            i += 1
        else:
            k += 1
    return tuple(found)


def difference(a: Spans, b: Spans) -> Spans:
    """The moments of `a` that are not in `b`."""
    if not a:
        return ()
    first, last = a[0][0], a[-1][1]
    edges = [first, *(edge for span in b for edge in span), last]
    outside = tuple((edges[i], edges[i + 1]) for i in range(0, len(edges), 2) if edges[i] < edges[i + 1])
    return intersection(a, outside)


def total(spans: Spans) -> int:
    """Seconds."""
    return sum(end - start for start, end in spans)
