"""The front end's own files: which there are, in which order, and as one file each for the browser.

A component keeps its own file; pages load one stylesheet and one script, so that a first visit costs few requests.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent / "static"

STYLES_FIRST = ("tokens", "base", "layout")
STYLES_LAST = ("utilities", "print")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A text to send and the first characters of its SHA-256, for its address."""

    text: str
    digest: str


def style_files() -> list[Path]:
    """Return every stylesheet: tokens and base first, components by name, utilities last."""
    css = STATIC / "css"
    components = sorted((css / "components").glob("*.css"))
    return [css / f"{n}.css" for n in STYLES_FIRST] + components + [css / f"{n}.css" for n in STYLES_LAST]


def script_files() -> list[Path]:
    """Return every own script; each stands alone, the order has no meaning."""
    return sorted((STATIC / "js").glob("*.js"))


def _newest(files: Callable[[], list[Path]]) -> float:
    """When the newest of them changed; looked up at most once a second."""
    return _newest_at(files, int(time.monotonic()))


@lru_cache(maxsize=4)
def _newest_at(files: Callable[[], list[Path]], _second: int) -> float:
    return max(path.stat().st_mtime for path in files())


@lru_cache(maxsize=2)
def _styles(_stamp: float) -> Bundle:
    return _bundle("".join(f"/* {path.name} */\n{path.read_text(encoding='utf-8')}\n" for path in style_files()))


@lru_cache(maxsize=2)
def _scripts(_stamp: float) -> Bundle:
    # A block keeps each file's names to itself, as its own module would.
    return _bundle("".join(f"/* {path.name} */\n{{\n{path.read_text(encoding='utf-8')}}}\n" for path in script_files()))


def _bundle(text: str) -> Bundle:
    return Bundle(text, hashlib.sha256(text.encode()).hexdigest()[:10])


def styles() -> Bundle:
    """Return all stylesheets as one; read again only when a file changed."""
    return _styles(_newest(style_files))


def scripts() -> Bundle:
    """Return all own scripts as one module."""
    return _scripts(_newest(script_files))
