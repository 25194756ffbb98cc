"""What may be attached: types told from the content, never from the name or what a browser claims; sizes; shares. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

MEBIBYTE = 1024 * 1024
FILE_BYTES_MAX = 10 * MEBIBYTE
FILES_AT_ONCE_MAX = 5
REQUEST_BYTES_MAX = 32 * MEBIBYTE
PIXELS_MAX = 50_000_000
PNG_PIXELS_MAX = 20_000_000  # a PNG is decoded whole, a JPEG at a fraction of its size
SIDE_MAX = 9_999
SIDE_KEPT = 2_560  # what is larger is made smaller
NAME_MAX = 100
SCANS_MAX = 64
SUBJECTS = ("case", "exception", "message")
KINDS = ("png", "jpg", "pdf", "txt")
MIMETYPES = {"png": "image/png", "jpg": "image/jpeg", "pdf": "application/pdf", "txt": "text/plain"}
ACCEPT = "image/jpeg,image/png,application/pdf,text/plain,.jpg,.jpeg,.png,.pdf,.txt"

_EDGE = 64 * 1024  # where another file's head or end would stand
_MARKUP = re.compile(
    rb"<\s{0,8}(?:!doctype|html|head|body|script|svg|iframe|frame|object|embed|applet|meta|link|style|img|math|form|base|video|audio"
    rb"|details|marquee|template|xml|\?xml|\?php|%|!--|a\s|x:|b?h?:?include)",
    re.IGNORECASE,
)
_SCRIPTED = re.compile(rb"<\s{0,8}(?:script|html|!doctype|\?php|iframe)", re.IGNORECASE)
_PROGRAMS = (
    b"#!",
    b"@echo",
    b"MZ",
    b"%!PS",
    b"{\\rtf",
    b"<",
    b"MIME-Version:",
    b"Content-Type:",
    b"BEGIN:VC",
    b"[InternetShortcut]",
)
_ACTIVE = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|GoToR|Movie|Sound)(?![A-Za-z])"
)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file is not taken, in words that name what to do."""

    code: str
    sentence: object


EMPTY = Refused("empty", _l("It is empty."))
TOO_LARGE = Refused("too-large", _l("It is larger than 10 megabytes."))
UNKNOWN = Refused("type", _l("Only photos (JPEG, PNG), PDF and plain text are taken."))
TWO_IN_ONE = Refused(
    "two-in-one", _l("It is two kinds of file in one. Save it anew, as a plain photo or PDF, and send that.")
)
BROKEN = Refused("broken", _l("It is broken or was cut short. Send it again."))
TOO_MANY_PIXELS = Refused("pixels", _l("The picture has too many pixels. Take it with a smaller setting."))
ACTIVE = Refused("active", _l("The PDF has programs or other files inside. Print it to a new PDF and send that."))


def sniff(data: bytes) -> str | Refused:
    """Return what a file is (png, jpg, pdf, txt) by its content alone, or why it is not taken."""
    if not data:
        return EMPTY
    if len(data) > FILE_BYTES_MAX:
        return TOO_LARGE
    if data.startswith(b"\x89PNG\r\n\x1a\n") or data.startswith(b"\xff\xd8\xff"):
        kind = "png" if data[0] == 0x89 else "jpg"
        return TWO_IN_ONE if _hides_another(data) or b"%PDF-" in data[:1024] or _is_deep(data, kind) else kind
    if data.startswith(b"%PDF-"):
        return _sniff_pdf(data)
    return _sniff_text(data)


def _hides_another(data: bytes) -> bool:
    """Tell whether a web page or an archive stands in the same bytes. Re-encoding would drop it; saying so is kinder."""
    return bool(_SCRIPTED.search(data)) or b"PK\x05\x06" in data[-_EDGE:] or b"PK\x03\x04" in data[:1024]


def _is_deep(data: bytes, kind: str) -> bool:
    """Tell whether a JPEG asks for far more passes than any camera writes."""
    return kind == "jpg" and data.count(b"\xff\xda") > SCANS_MAX


def _sniff_pdf(data: bytes) -> str | Refused:
    if _hides_another(data) or not re.match(rb"%PDF-[12]\.\d", data) or data.find(b"%PDF-", 1, 1024) > 0:
        return TWO_IN_ONE
    end = data[-1024:]
    if b"%%EOF" not in end or b"startxref" not in data[-2048:]:
        return BROKEN
    if len(end.rpartition(b"%%EOF")[2].strip(b"\r\n\0 ")) > 0:
        return TWO_IN_ONE
    plain = _ESCAPED.sub(lambda found: bytes([int(found.group(1), 16)]), data)
    return ACTIVE if _ACTIVE.search(plain) else "pdf"


def _sniff_text(data: bytes) -> str | Refused:
    body = data.removeprefix(b"\xef\xbb\xbf")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return UNKNOWN
    start = body.lstrip()
    if _CONTROL.search(body) or not start or start.lower().startswith(tuple(one.lower() for one in _PROGRAMS)):
        return UNKNOWN
    return UNKNOWN if _MARKUP.search(body) else "txt"


def judge_pixels(kind: str, width: int, height: int) -> Refused | None:
    """Refuse a picture that would take too much memory, before it is decoded."""
    most = PNG_PIXELS_MAX if kind == "png" else PIXELS_MAX
    if width < 1 or height < 1:
        return BROKEN
    return TOO_MANY_PIXELS if max(width, height) > SIDE_MAX or width * height > most else None


def clean_name(given: str, kind: str) -> str:
    """Return a name that is safe to show and to save: no folders, no hidden signs, no formula, the content's own ending.

    Worked values: ("../../etc/passwd", "txt") gives "passwd.txt"; ("=cmd.exe", "png") gives "cmd.png".
    """
    last = re.split(r"[\\/]", given[-1_000:])[-1]
    last = _HIDDEN.sub("", last)
    last = re.sub(r'[<>:"|?*%;]', "", last)
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", " ".join(last.split())).strip(". ").lstrip("=+-@＝＋－＠'. ")
    return f"{stem[:NAME_MAX].rstrip('. ') or 'file'}.{kind}"


@dataclass(frozen=True, slots=True)
class Share:
    """How much is there already: of the subject, and of one person within a day (nothing where nobody's day counts)."""

    subject_files: int
    subject_bytes: int
    person_files: int
    person_bytes: int


SUBJECT_FILES_MAX = 30
SUBJECT_BYTES_MAX = 100 * MEBIBYTE
PERSON_FILES_MAX = 200
PERSON_BYTES_MAX = 400 * MEBIBYTE
CUSTOMER_FILES_MAX = 20
CUSTOMER_BYTES_MAX = 60 * MEBIBYTE


def judge_share(share: Share, sizes: Sequence[int], *, is_customer: bool) -> Refused | None:
    """Refuse what would go beyond a share; every bound is inclusive."""
    files, size = len(sizes), sum(sizes)
    if share.subject_files + files > SUBJECT_FILES_MAX or share.subject_bytes + size > SUBJECT_BYTES_MAX:
        return Refused("subject-full", _l("There is no room for more files here. Remove one first."))
    files_max = CUSTOMER_FILES_MAX if is_customer else PERSON_FILES_MAX
    bytes_max = CUSTOMER_BYTES_MAX if is_customer else PERSON_BYTES_MAX
    if share.person_files + files > files_max or share.person_bytes + size > bytes_max:
        return Refused("person-full", _l("You have sent as many files as one day allows. Go on tomorrow."))
    return None
