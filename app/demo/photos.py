"""Photos that guests and staff took: drawn here, taken in through the same checks as everybody's."""

import io
from datetime import datetime

from PIL import Image, ImageDraw

from app.attachments import actions as attachments
from app.attachments.actions import Prepared
from app.kernel.actor import Actor

SIZE = (640, 480)


def thermostat() -> bytes:
    """A cold room's thermostat, as a phone would see it."""
    picture = Image.new("RGB", SIZE, "#d9d2c5")
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((170, 90, 470, 390), 36, fill="#f7f3ec", outline="#8d8272", width=4)
    pen.ellipse((220, 140, 420, 340), outline="#0e5c6b", width=10)
    pen.arc((220, 140, 420, 340), 130, 190, fill="#a52319", width=18)
    pen.text((262, 205), "14.5°", fill="#26221d", font_size=56)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def ready(name: str, data: bytes) -> Prepared:
    """Check a file and put it into the folder, before the story in which it is added begins."""
    return attachments.prepare(io.BytesIO(data), name)


def attach(kind: str, subject_id: int, file: Prepared, *, actor: Actor, now: datetime) -> None:
    """Add one file to a case or an exception, as its page does."""
    attachments.add(subject_kind=kind, subject_id=subject_id, files=[file], actor=actor, now=now)
