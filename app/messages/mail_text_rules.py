"""What a person wrote in a mail: charsets, HTML as text, quoted history apart. Pure, bounded, and never raises for its input."""

import codecs
import re
from html import unescape

import nh3
from mailparser_reply.parser import EmailMessage as ReplyWords

TEXT_MAX = 20_000  # characters that are shown; the original has the rest
PART_BYTES_MAX = 1024 * 1024
HTML_BYTES_MAX = 256 * 1024
TAGS_MAX = 8_000  # a page nested this deep still takes well under a second
_LINES_LOOKED_AT = 1_500
_WINDOW = 400
# Codecs that are no charset of mail, or that take a time beyond all measure.
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_HTML = frozenset({"p", "br", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "blockquote", "pre", "hr", "a"})
_DROPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "iframe", "object"})
_LINK = re.compile(r'<a href="([^"]{1,2000})"[^>]{0,50}>(.{0,2000}?)</a>', re.DOTALL)
_BREAK = re.compile(r"<(?:br|hr)\s*/?>")
_BLOCK = re.compile(r"</?(?:div|li|tr|h[1-4]|pre)>")
_PARAGRAPH = re.compile(r"</?(?:p|blockquote)>")
_EDGE = re.compile(r"[ ]?[\x01\x02][ \x01\x02]*")
_TAG = re.compile(r"<[^<>]*>")
_REPLY = ReplyWords("", languages=["en", "de", "fr", "es", "it", "nl", "pl", "da", "sv", "cs", "ja", "ko", "zh"])
_HEADER = _REPLY.HEADER_REGEX
_MAY_BEGIN = re.compile(r"[:：_-]")


def decoded(raw: bytes, charset: str | None) -> str:
    """Read a part's bytes: as it claims, else as UTF-8, else as Windows' letters; nothing is lost and nothing fails."""
    for name in (charset, "utf-8"):
        codec = _codec(name)
        if codec is not None:
            try:
                return _plain(raw.decode(codec))
            except (UnicodeError, ValueError):
                continue
    return _plain(raw.decode("cp1252", errors="replace"))


def _codec(name: str | None) -> str | None:
    try:
        found = codecs.lookup((name or "").strip().strip("'\""))
    except (LookupError, ValueError):
        return None
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name.replace("-", "_") not in _NOT_CHARSETS else None


def _plain(text: str) -> str:
    """Only what no database can hold goes, and the line ends of the post."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00\ud800-\udfff]", "", text)


def unwrapped(text: str, *, deletes_space: bool) -> str:
    """Join the lines that "format=flowed" broke softly (RFC 3676); quoted lines keep their ends."""
    lines: list[str] = []
    flows = False
    for line in text.split("\n"):
        said = line[1:] if line.startswith(" ") else line
        soft = said.endswith(" ") and said != "-- " and not said.startswith(">")
        kept = said[:-1] if soft and deletes_space else said
        if flows and not said.startswith(">"):
            lines[-1] += kept
        else:
            lines.append(kept)
        flows = soft
    return "\n".join(lines)


def text_of_html(html: str) -> tuple[str, bool]:
    """Say a page as text, with the addresses of its links; nothing of it runs. Second: whether something was cut off."""
    kept, is_cut = html[:HTML_BYTES_MAX], len(html) > HTML_BYTES_MAX
    if kept.count("<") > TAGS_MAX:
        kept, is_cut = "<".join(kept.split("<")[: TAGS_MAX + 1]), True
    clean = nh3.clean(
        kept,
        tags=set(_HTML),
        clean_content_tags=set(_DROPPED),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )
    clean = re.sub(r"[ \t\n\r]+", " ", clean)
    clean = _LINK.sub(_linked, clean)
    clean = re.sub(r"</t[dh]>\s*", "\t", clean.replace("\x01", "").replace("\x02", ""))
    clean = _PARAGRAPH.sub("\x02", _BLOCK.sub("\x01", _BREAK.sub("\n", clean)))
    clean = _EDGE.sub(lambda found: "\n\n" if "\x02" in found[0] else "\n", clean)
    text = unescape(_TAG.sub("", clean))
    lines = [line.strip(" \t\xa0") for line in _plain(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n"), is_cut


def _linked(found: re.Match[str]) -> str:
    address, said = found[1], _TAG.sub("", found[2]).strip()
    return said if unescape(address) in (said, "mailto:" + said) or not said else f"{said} &lt;{address}&gt;"


def split_history(text: str) -> tuple[str, str]:
    """Part what was written now from the older mails quoted below; both together are the whole text.

    Words between or below quotations stay with what was written now: then nothing is parted.
    Worked value: "Thanks\\n\\nOn 2 Feb 2026, Ana wrote:\\n> Hi\\n" gives "Thanks" and the rest.
    """
    at = _history_begins(text)
    if at is None:
        return text, ""
    mine, rest = text[:at], text[at:]
    after = rest.split("\n")
    if any(line.startswith(">") for line in after):
        below = [line for line in after[_header_lines(after) :] if line.strip() and not line.startswith(">")]
        if below and not _is_signature(below):
            return text, ""
    if not mine.strip():
        return text, ""
    return mine.rstrip("\n "), text[len(mine.rstrip("\n ")) :]


def _history_begins(text: str) -> int | None:
    """Where the first line of another mail stands; only so many lines are looked at, each with a bounded look ahead."""
    at, lines = 0, text.split("\n")
    quoted = len(lines)
    while quoted and (not lines[quoted - 1] or lines[quoted - 1].startswith(">")):
        quoted -= 1  # from here on nothing but quotation
    for number, line in enumerate(lines):
        if number >= _LINES_LOOKED_AT:
            return None
        window = text[at : at + _WINDOW]
        if len(line) <= _WINDOW and _MAY_BEGIN.search(window) and line.strip():
            found = _HEADER.match(window)
            if found is not None and found.end() > found.start():
                return at
        if number >= quoted and line.startswith(">"):
            return at
        at += len(line) + 1
    return None


def _header_lines(lines: list[str]) -> int:
    """How many lines come before the first quoted one."""
    return next((number for number, line in enumerate(lines) if line.startswith(">")), 0)


def _is_signature(lines: list[str]) -> bool:
    return lines[0].rstrip() == "--"
