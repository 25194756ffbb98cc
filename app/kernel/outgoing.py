"""Requests to other servers: only to public addresses, one resolved address, no redirects, small and short.

A name is resolved once and the connection goes to that very address, so that a second answer of the name server can't
lead it elsewhere. Addresses inside a network are refused unless the operator has named the host.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS_MAX = 5.0
BYTES_MAX = 65_536


class NotReached(Exception):
    """The request was never sent: a wrong address, a name that leads inside, nobody listening. Nothing was done there."""


class NoAnswer(Exception):
    """The request was sent and no whole answer came back: it may have been done or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Where a checked URL leads."""

    host: str
    port: int
    path: str
    address: str
    is_secure: bool


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    private_hosts: Sequence[str] = (),
    seconds: float = SECONDS_MAX,
    bytes_max: int = BYTES_MAX,
) -> Answer:
    """Send one request and read its whole answer, at most `bytes_max` within `seconds`.

    private_hosts: "host:port" pairs that may be inside the own network and may speak plain HTTP.
    Raises NotReached when nothing was sent, NoAnswer when it is unknown what was done.
    """
    target = find(url, private_hosts)
    connection = _connect(target, seconds)
    # Each read has its own limit, so a server that drips would never end: the line is cut when the time is over.
    is_over = threading.Event()
    end = threading.Timer(seconds, _cut, [connection.sock, is_over])
    end.daemon = True
    end.start()
    try:
        connection.request(method, target.path, body=body, headers={**headers, "Connection": "close"})
        response = connection.getresponse()
        said = response.read(bytes_max + 1)
        if len(said) > bytes_max:
            raise NoAnswer("the answer was too long")
        if is_over.is_set() or response.length:  # a line that was cut looks like an answer's end
            raise NoAnswer("the answer broke off")
        return Answer(response.status, said)
    except (OSError, http.client.HTTPException) as trouble:
        raise NoAnswer(type(trouble).__name__) from trouble
    finally:
        end.cancel()
        connection.close()


def _cut(link: socket.socket, is_over: threading.Event) -> None:
    is_over.set()
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)


def find(url: str, private_hosts: Sequence[str] = ()) -> Target:
    """Check a URL and resolve its host once; raises NotReached for whatever may not be asked."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as mistake:
        raise NotReached("the address is malformed") from mistake
    host = (parts.hostname or "").rstrip(".")
    if not host or parts.username or parts.password or any(ord(sign) <= 32 or ord(sign) > 126 for sign in url):
        raise NotReached("the address is malformed")
    is_named = f"{host}:{port}" in private_hosts
    if parts.scheme != "https" and not (parts.scheme == "http" and is_named):
        raise NotReached("only https is asked")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as trouble:
        raise NotReached("the name leads nowhere") from trouble
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not (is_named or all(is_public(address) for address in addresses)):
        raise NotReached("the name leads into a private network")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, path, addresses[0], parts.scheme == "https")


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the open internet, looking through IPv6 forms of IPv4 addresses."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _TRANSLATED:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def _connect(target: Target, seconds: float) -> http.client.HTTPConnection:
    """Open a connection to the address that was checked; the certificate is asked for by the name."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=seconds)
    try:
        link = socket.create_connection((target.address, target.port), timeout=seconds)
        if target.is_secure:
            link = ssl.create_default_context().wrap_socket(link, server_hostname=target.host)
    except OSError as trouble:
        raise NotReached(type(trouble).__name__) from trouble
    connection.sock = link
    return connection
