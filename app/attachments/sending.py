"""Give a file out: always as a download, of our own type, and without any right of this site's pages."""

from flask import Response, send_file
from werkzeug.exceptions import NotFound as Gone

from app.attachments.queries import FileRow
from app.attachments.rules import MIMETYPES
from app.attachments.store import FILES


def download(row: FileRow) -> Response:
    """Answer with the file; the caller has asked whether the reader may see its subject."""
    path = FILES.path_of(row.stored_as)
    if not path.is_file():
        raise Gone
    answer = send_file(
        path, mimetype=MIMETYPES[row.kind], as_attachment=True, download_name=row.name, etag=row.sha256, max_age=0
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
