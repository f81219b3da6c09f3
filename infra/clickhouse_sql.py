"""Just enough of ClickHouse's SQL to cut text at the right place.

Statements of a script, the data behind an INSERT, a `KILL QUERY`: each needs to know what is a word and what is
inside a string or a comment, and nothing more. No grammar, no rewriting of meaning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""
      (?P<space>  \s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/ )
    | (?P<quoted> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<word>   [A-Za-z_][A-Za-z0-9_]* )
    | (?P<number> [0-9][0-9A-Za-z_.]* )
    | (?P<other>  . )
    """,
    re.VERBOSE | re.DOTALL,
)
_DATA_GAP = re.compile(rb"[ \t\f]*\r?\n?")  # one line end behind the format's name belongs to the statement

RESULT_VERBS = frozenset(
    {"select", "with", "show", "describe", "desc", "exists", "explain", "check", "kill", "from", "("}
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece that is neither space nor comment. `lower` is its text in lower case if it is a word, else empty."""

    text: bytes
    start: int
    end: int
    lower: str
    depth: int


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT whose rows follow it. `data` is where they begin; the text before it is the statement."""

    text: bytes
    format: str
    data: int
    cut: int
    settings: int | None
    inputs: tuple[tuple[int, int, bytes], ...]

    def reading(self, path: str) -> str:
        """The same INSERT, reading its rows from the file at `path` instead of from behind itself."""
        if not self.inputs:
            cut = self.cut if self.settings is None else self.settings
            target, settings = self.text[:cut], self.text[cut : self.cut]
            # each part on a line of its own: the text before it may end in a comment
            statement = b"%s\nFROM INFILE '%s'\n%s\nFORMAT %s" % (target, path.encode(), settings, self.format.encode())
            return statement.decode()
        pieces, last = [], 0
        for start, end, structure in self.inputs:
            arguments = b", ".join(
                part for part in (b"'" + path.encode() + b"'", self.format.encode(), structure) if part
            )
            pieces += [self.text[last:start], b"file(", arguments, b")"]
            last = end
        return b"".join([*pieces, self.text[last : self.cut]]).decode()


@dataclass(frozen=True, slots=True)
class Kill:
    """A `KILL QUERY WHERE …`."""

    condition: str
    mode: str
    format: str


def tokens(text: bytes) -> Iterator[Token]:
    """The tokens of `text`, read lazily: what follows an INSERT may be binary and is not looked at."""
    depth = 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "space":
            continue
        piece = match.group()
        depth -= piece in b")]}" and len(piece) == 1
        is_word = match.lastgroup == "word"
        yield Token(piece, match.start(), match.end(), piece.decode().lower() if is_word else "", depth)
        depth += piece in b"([{" and len(piece) == 1


def statements(script: str) -> list[str]:
    """The statements of a script, split at the semicolons that are neither in a string nor in a comment."""
    text, found, start, seen = script.encode(), [], 0, False
    for token in tokens(text):
        if token.text == b";":
            if seen:
                found.append(text[start : token.start].decode().strip())
            start, seen = token.end, False
        else:
            seen = True
    if seen:
        found.append(text[start:].decode().strip())
    return found


def several_statements(text: bytes) -> bool:
    """Whether anything stands behind the first semicolon."""
    ended = False
    for token in tokens(text):
        if ended and token.text != b";":
            return True
        ended = ended or token.text == b";"
    return False


def verb(text: bytes) -> str:
    """The first word in lower case (or the first sign, such as an opening bracket)."""
    first = next(tokens(text), None)
    return "" if first is None else first.lower or first.text.decode(errors="replace")


def output_format(text: bytes) -> str | None:
    """The format a query asks for by a trailing `FORMAT name`, None where it leaves the choice to the caller."""
    found, before, candidate = None, "", ""
    for token in tokens(text):
        if candidate:
            if token.text == b";" or token.lower in ("settings", "into"):
                found = candidate
            candidate = ""
        if before == "format" and token.lower and token.depth == 0:
            candidate = token.text.decode()
        before = token.lower
    return candidate or found


def insert_with_data(text: bytes) -> Insert | None:
    """Where the rows of an INSERT begin; None if `text` is no INSERT or brings no rows with it."""
    stream = tokens(text)
    first = next(stream, None)
    if first is None or first.lower != "insert":
        return None
    token = _skip_target(stream)
    settings: int | None = None
    selecting = False
    inputs: list[tuple[int, int, bytes]] = []
    while token is not None:
        following = next(stream, None)
        at_top = token.depth == 0
        if at_top and token.lower in ("select", "with"):
            selecting = True
        elif at_top and token.lower == "infile" and not selecting:
            return None
        elif at_top and token.lower == "settings":
            settings = token.start
        elif at_top and token.lower == "values" and not selecting:
            return Insert(text[: token.end], "Values", token.end, token.start, settings, ())
        elif selecting and token.lower == "input" and following is not None and following.text == b"(":
            end, structure = _arguments(text, stream, following)
            inputs.append((token.start, end, structure))
            following = next(stream, None)
        elif at_top and token.lower == "format" and following is not None and following.lower:
            if selecting and not inputs:
                return None
            gap = _DATA_GAP.match(text, following.end)
            data = gap.end() if gap else following.end
            return Insert(text[:data], following.text.decode(), data, token.start, settings, tuple(inputs))
        token = following
    return None


def _skip_target(stream: Iterator[Token]) -> Token | None:
    """Read past `INTO [TABLE | FUNCTION] [database.]name`, whatever the names are; the first token behind it."""
    token = next(stream, None)
    while token is not None and token.lower in ("into", "table", "function"):
        token = next(stream, None)
    following = next(stream, None)
    while following is not None and following.text == b".":
        next(stream, None)
        following = next(stream, None)
    return following


def _arguments(text: bytes, stream: Iterator[Token], opening: Token) -> tuple[int, bytes]:
    """Where the bracket that opened closes, and what stands between."""
    for token in stream:
        if token.text == b")" and token.depth == opening.depth:
            return token.end, text[opening.end : token.start].strip()
    return len(text), text[opening.end :].strip()


def kill_query(text: bytes) -> Kill | None:
    """A `KILL QUERY [WHERE …] [SYNC | ASYNC | TEST] [FORMAT …]` taken apart; None if it is anything else."""
    words = [token for token in tokens(text) if token.text != b";"]
    if [token.lower for token in words[:2]] != ["kill", "query"]:
        return None
    chosen = "TabSeparated"
    if len(words) > 2 and words[-2].lower == "format":
        chosen = words[-1].text.decode()
        words = words[:-2]
    mode = "async"
    if words[-1].lower in ("sync", "async", "test"):
        mode = words[-1].lower
        words = words[:-1]
    where = next((token for token in words if token.lower == "where" and token.depth == 0), None)
    condition = "" if where is None else text[where.end : words[-1].end].decode(errors="backslashreplace").strip()
    return Kill(condition, mode, chosen)
