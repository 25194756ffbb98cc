"""Pictures are painted anew: only the pixels go on, so places, names, thumbnails and whatever hid in the file stay behind."""

import io
import threading
import warnings
from dataclasses import dataclass

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from app.attachments.rules import BROKEN, SIDE_KEPT, TOO_MANY_PIXELS, Refused, judge_pixels

JPEG_QUALITY = 85
# Pillow warns of large pictures when it reads their head; here they are refused before they are decoded.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# One picture at a time per process: memory stays flat however many arrive at once.
_ONE_AT_A_TIME = threading.Semaphore(1)
_FORMATS = {"png": ("PNG",), "jpg": ("JPEG", "MPO")}


@dataclass(frozen=True, slots=True)
class Picture:
    data: bytes
    width: int
    height: int


def repaint(data: bytes, kind: str) -> Picture | Refused:
    """Decode a PNG or JPEG within bounds, turn it upright, and write it anew without anything but its pixels.

    What is larger than SIDE_KEPT on a side is made smaller; of several pictures in one file the first is kept.
    """
    with _ONE_AT_A_TIME:
        try:
            return _repaint(data, kind)
        except Image.DecompressionBombError:
            return TOO_MANY_PIXELS
        except (
            UnidentifiedImageError,
            OSError,
            ValueError,
            SyntaxError,
            EOFError,
            TypeError,
            MemoryError,
            IndexError,
            KeyError,
        ):
            return BROKEN  # whatever a decoder says of hostile input, it was not a picture


def _repaint(data: bytes, kind: str) -> Picture | Refused:
    # Printing a letter loads a library that lets half a picture through, for the whole process.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with Image.open(io.BytesIO(data), formats=_FORMATS[kind]) as source:
        refusal = judge_pixels(kind, *source.size)
        if refusal is not None:
            return refusal
        if kind == "jpg":
            source.draft("RGB", (SIDE_KEPT, SIDE_KEPT))
        source.load()
        mode = _mode(source, kind)
        painted = source if source.mode == mode else source.convert(mode)
        painted.thumbnail((SIDE_KEPT, SIDE_KEPT), Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(painted)
        # A new picture carries nothing over: no notes, no profile, no place.
        clean = Image.new(mode, upright.size)
        clean.paste(upright)
    out = io.BytesIO()
    if kind == "jpg":
        clean.save(out, "JPEG", quality=JPEG_QUALITY)
    else:
        clean.save(out, "PNG")
    return Picture(out.getvalue(), clean.width, clean.height)


def _mode(picture: Image.Image, kind: str) -> str:
    if kind == "jpg":
        return "L" if picture.mode == "L" else "RGB"
    if picture.has_transparency_data:
        return "RGBA"
    return "L" if picture.mode in ("1", "L") else "RGB"
