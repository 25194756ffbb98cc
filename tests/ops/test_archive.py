"""The archive gives back what was put in, or nothing at all."""

import os
from pathlib import Path
from secrets import token_urlsafe

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.sealing import key_id, keys_for
from app.ops import archive
from app.ops.archive import PIECE_BYTES, BadArchive, is_name, unpack, writing

SECRETS = (token_urlsafe(48),)


def pack(folder: Path, content: dict[str, bytes], secrets: tuple[str, ...] = SECRETS) -> Path:
    path = folder / f"{token_urlsafe(6)}.backup"
    with writing(path, secrets, {"engine": "test"}) as writer:
        for name, data in content.items():
            (folder / "one").write_bytes(data)
            writer.add(name, folder / "one")
    return path


def back(path: Path, folder: Path, secrets: tuple[str, ...] = SECRETS) -> dict[str, bytes]:
    into = folder / token_urlsafe(6)
    into.mkdir()
    unpack(path, into, secrets)
    return {str(one.relative_to(into)): one.read_bytes() for one in into.rglob("*") if one.is_file()}


def test_what_was_put_in_comes_out_over_several_pieces(tmp_path: Path) -> None:
    content = {
        "database": os.urandom(3 * PIECE_BYTES),
        "files/ab/" + "ab" * 16: b"",
        "instance/uploads/x.csv": b"a,b\n",
    }
    path = pack(tmp_path, content)
    assert back(path, tmp_path) == content
    assert path.stat().st_mode & 0o077 == 0
    assert back(path, tmp_path, ("y" * 40, *SECRETS)) == content, "a secret that became a fallback still opens"
    with pytest.raises(BadArchive, match=r"another SECRET_KEY|changed"):  # or a key of the same name
        back(path, tmp_path, ("y" * 40,))
    assert not [one for one in tmp_path.iterdir() if one.name.endswith(".part")]


def test_two_keys_of_one_name_are_told_apart_by_the_first_piece(tmp_path: Path) -> None:
    name = key_id(keys_for("backup", SECRETS)[0])
    twin = next(text for text in map(str, range(100_000)) if key_id(keys_for("backup", (text,))[0]) == name)
    path = pack(tmp_path, {"database": b"x"})
    assert back(path, tmp_path, (twin, *SECRETS)) == {"database": b"x"}
    assert back(path, tmp_path, (*SECRETS, twin)) == {"database": b"x"}
    with pytest.raises(BadArchive, match="changed, cut or damaged"):
        back(path, tmp_path, (twin,))


@given(data=st.data())
def test_a_changed_cut_or_longer_archive_is_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bent")
    path = pack(folder, {"database": b"money" * 100, "files/ab/" + "ab" * 16: b"receipt"})
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    bent = data.draw(
        st.sampled_from(
            [
                whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :],
                whole[:at],
                whole + b"x",
                whole[: len(whole) // 2] + whole,
            ]
        )
    )
    path.write_bytes(bent)
    with pytest.raises(BadArchive):
        back(path, folder)


def test_pieces_can_not_change_places_or_end_early(tmp_path: Path) -> None:
    path = pack(tmp_path, {"database": os.urandom(3 * PIECE_BYTES)})
    whole, step = path.read_bytes(), PIECE_BYTES + 16
    start = len(archive.MAGIC) + 33
    first, second = whole[start : start + step], whole[start + step : start + 2 * step]
    for bent in (whole[:start] + second + first + whole[start + 2 * step :], whole[: start + 2 * step]):
        path.write_bytes(bent)
        with pytest.raises(BadArchive):
            back(path, tmp_path)


@pytest.mark.parametrize(
    "name", ["../database", "files/../../x", "/etc/passwd", "files/.hidden/..", "", "files//x", "other/x"]
)
def test_a_name_never_leads_elsewhere(name: str) -> None:
    assert not is_name(name)
