"""Let `requests`, with which Authlib asks, go through the guard for outgoing addresses."""

from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from app.kernel import outgoing
from config import Settings


class Guarded(BaseAdapter):
    """Sends by `outgoing.send`. An answer has no headers of the other side, so that none can lead elsewhere."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings

    def send(self, request: PreparedRequest, *_args: Any, **_settings: Any) -> Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        answer = outgoing.send(
            request.method or "GET",
            request.url or "",
            headers={name: str(value) for name, value in request.headers.items()},
            body=body if isinstance(body, bytes) else None,
            private_hosts=self.settings.outgoing_private_hosts,
            seconds=self.settings.outgoing_seconds,
        )
        if 300 <= answer.status < 400:
            raise outgoing.NoAnswer("it leads elsewhere")
        response = Response()
        response.status_code, response.url, response.request = answer.status, request.url or "", request
        response.headers = CaseInsensitiveDict({"Content-Type": "application/json"})
        response.encoding = "utf-8"
        response._content = answer.body
        return response

    def close(self) -> None:
        """Nothing is kept open."""
