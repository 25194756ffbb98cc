"""A page as PDF that screen readers understand (PDF/UA-1), printed by WeasyPrint; it fetches nothing but our own fonts."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kernel.errors import Refusal

_FONTS = Path(__file__).parent / "static" / "fonts"


class PrinterMissing(Refusal):
    """The system's libraries that draw text are not installed."""

    status = 503
    code = "printer-missing"
    sentence = _l("PDF can't be made here: Pango is not installed. An administrator has to add it.")


def pdf(page: str, style: str) -> bytes:
    """Print a whole page with a style sheet; "FONTS" in the sheet stands for the folder of our fonts.

    The same page gives the same bytes. Takes about 0.3 seconds, the first one of a process several (the library is read
    only then), so it is done before any transaction.
    """
    weasyprint, fetcher, font_configuration = _printer()
    fonts = font_configuration()
    sheet = weasyprint.CSS(string=style.replace("FONTS", _FONTS.as_uri()), font_config=fonts, url_fetcher=fetcher)
    printed = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf(
        stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1", pdf_tags=True
    )
    return bytes(printed)


@lru_cache(maxsize=1)
def _printer() -> tuple[Any, Any, Any]:
    try:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except (ImportError, OSError):
        raise PrinterMissing from None

    class OwnFonts(URLFetcher):  # type: ignore[misc]
        """Whatever else a page names is not fetched."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            path = Path(url.removeprefix("file://"))
            if not url.startswith("file://") or path.parent != _FONTS:
                raise ValueError("a page on paper refers to nothing outside")
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": "font/woff2"})

    return weasyprint, OwnFonts(), FontConfiguration
