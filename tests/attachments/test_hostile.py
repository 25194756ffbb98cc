"""More than sixty files that mean harm: each is refused with a note or kept as something that does nothing."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from app.attachments import actions as attachments
from app.attachments import pictures, rules, store
from tests.attachments.hostile import Sent, everything, picture, placed

ALL = everything()


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files without an application and without a database, in a process that has printed a letter before."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    monkeypatch.setattr(store.FILES, "folder", lambda: tmp_path)
    monkeypatch.setattr(attachments, "in_transaction", lambda: False)
    monkeypatch.setattr(attachments, "_", lambda text, **values: text % values)
    return tmp_path


def test_there_are_more_than_sixty_that_mean_harm() -> None:
    assert len([sent for sent in ALL if not sent.what.startswith(("a photo in", "a note with a mark"))]) > 60


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("sent", ALL, ids=lambda sent: sent.what)
def test_a_file_is_refused_with_a_note_or_kept_as_what_it_is(quiet: Path, sent: Sent) -> None:
    if sent.taken is None:
        with pytest.raises(attachments.NotTaken) as note:
            attachments.prepare(io.BytesIO(sent.data), sent.name)
        assert str(note.value.errors["files"][0]).endswith((".", "!"))
        assert [path for path in quiet.rglob("*") if path.is_file()] == []
        return
    kept = attachments.prepare(io.BytesIO(sent.data), sent.name)
    assert kept.kind == sent.taken
    path = store.FILES.path_of(kept.stored_as)
    data = path.read_bytes()
    assert kept.name.endswith(f".{kept.kind}")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "." not in path.name, "no server guesses a type from a random name"
    assert b"<script" not in data.lower()
    assert b"PK\x05\x06" not in data


MEASURE = """
import resource
from app.attachments import pictures, rules
from tests.attachments.hostile import everything, picture

def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

files = everything()
largest = [(picture("PNG", (5_000, 4_000), "RGBA"), "png"), (picture("JPEG", (8_000, 6_000), progressive=True), "jpg")]
start = peak()
def take_all():
    for sent in files:
        kind = rules.sniff(sent.data)
        if kind in ("png", "jpg"):
            pictures.repaint(sent.data, kind)
take_all()
first = peak()
take_all(); take_all()
again = peak()
painted = [type(pictures.repaint(data, kind)).__name__ for data, kind in largest]
print(first - start, again - first, peak() - again, *painted)
"""


def test_memory_stays_flat_however_many_arrive() -> None:
    """In a process of its own, since a peak never goes down again; in mebibytes."""
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    first, again, largest, *painted = done.stdout.split()
    assert painted == ["Picture", "Picture"]
    assert int(first) < 60, "what means harm is refused before it is unpacked"
    assert int(again) < 10, "nothing is left behind"
    assert int(largest) < 200, "the largest pictures that are taken"


def test_a_photo_loses_its_place_and_camera_and_stands_upright() -> None:
    painted = pictures.repaint(placed(), "jpg")
    assert isinstance(painted, pictures.Picture)
    assert (painted.width, painted.height) == (48, 64), "turned as the camera said"
    assert b"Secret" not in painted.data
    with Image.open(io.BytesIO(painted.data)) as found:
        assert not dict(found.getexif())
        assert set(found.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_large_photo_is_made_smaller_and_a_small_one_is_not() -> None:
    large = pictures.repaint(picture(size=(5_200, 3_900)), "jpg")
    small = pictures.repaint(picture("PNG", (2_560, 10)), "png")
    assert isinstance(large, pictures.Picture)
    assert isinstance(small, pictures.Picture)
    assert (large.width, large.height) == (rules.SIDE_KEPT, 1_920)
    assert (small.width, small.height) == (2_560, 10)


def test_see_through_pixels_stay_see_through() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(out, "PNG")
    painted = pictures.repaint(out.getvalue(), "png")
    assert isinstance(painted, pictures.Picture)
    with Image.open(io.BytesIO(painted.data)) as found:
        assert found.getpixel((0, 0)) == (1, 2, 3, 0)
