"""The readable trail of an evidence pack: on paper by WeasyPrint where the machine has it, as a page where it hasn't."""

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from flask import render_template

from app.audit.evidence import Evidence, Row
from app.audit.queries import TrailRow
from app.audit.trail_sheet import lines_of
from app.kernel.references import ref
from app.kernel.time import parse_instant
from app.ui import shell

_STYLE = Path(__file__).with_name("evidence_print.css")
_FONT = Path(__file__).resolve().parents[1] / "ui/static/fonts/inter-latin.woff2"


def readable_trail(evidence: Evidence, now: datetime) -> dict[str, bytes]:
    """Return the file for people: trail.pdf, or trail.html without a printer."""
    lines, names = lines_of([_trail_row(row) for row in evidence.rows], with_addresses=False, with_links=False)
    text = render_template(
        "audit/evidence_print.html",
        case_ref=ref("case", evidence.case_id),
        lines=lines,
        names=names,
        checkpoints=evidence.proofs.checkpoints,
        now=now,
        language=shell.locale(),
    )
    # Not a page of ours: a file that is printed or read by itself, so its looks are inside.
    looks = _STYLE.read_text(encoding="utf-8")
    text = text.replace("</head>", f"<style>{looks}</style></head>", 1)
    printed = _print(text)
    return {"trail.pdf": printed} if printed else {"trail.html": text.encode()}


def _trail_row(row: Row) -> TrailRow:
    said = orjson.loads(row.content)
    return TrailRow(
        id=row.id,
        type=said["type"],
        subject=said["subject"],
        case_id=said["case"],
        site_id=said["site"],
        actor_id=said["actor_id"],
        at=parse_instant(said["at"]),
        recorded_at=parse_instant(said["recorded_at"]),
        content=row.content,
        payload=orjson.loads(row.payload) if row.payload else None,
        number=row.number,
        chain_hash=row.chain_hash,
    )


def _print(text: str) -> bytes | None:
    """Lay it out on A4, tagged for screen readers (PDF/UA-1); None where WeasyPrint or Pango isn't installed."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except (ImportError, OSError):
        return None

    class FontOnly(URLFetcher):  # type: ignore[misc]
        """Nothing that an entry says is fetched; the only address is that of our own font."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url != _FONT.as_uri():
                raise ValueError("a trail refers to nothing outside")
            return URLFetcherResponse(url, _FONT.read_bytes(), {"Content-Type": "font/woff2"})

    page = HTML(string=text, url_fetcher=FontOnly(), base_url=_FONT.parent.as_uri() + "/")
    found: bytes = page.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    return found
