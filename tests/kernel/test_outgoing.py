"""Requests to other servers: nothing inside the own network is reached, however it is written."""

import socket
import threading
import time
from typing import Any

import pytest

from app.kernel import outgoing
from app.kernel.outgoing import NoAnswer, NotReached, find, is_public

# Each resolves to an address inside, is no address, or hides another in its form.
HOSTILE = (
    "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///x", "//example.org", "https://a b/",
    "https://user@example.org/", "https://user:secret@example.org/", "https://example.org:99999/", "https://[::1", "javascript:1",
    "https://localhost/", "https://localhost./", "https://LOCALHOST/", "https://127.0.0.1/", "https://127.1/", "https://127.0.0.1:443/",
    "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://0/", "https://0.0.0.0/", "https://10.0.0.1/",
    "https://172.16.5.4/", "https://172.31.255.255/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/", "https://192.0.0.1/", "https://192.0.2.1/", "https://198.18.0.1/", "https://198.51.100.7/",
    "https://203.0.113.9/", "https://224.0.0.1/", "https://240.0.0.1/", "https://255.255.255.255/", "https://[::1]/", "https://[::]/",
    "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fc00::1]/", "https://[fd12:3456::1]/", "https://[ff02::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/", "https://[::ffff:a9fe:a9fe]/", "https://[2001:db8::1]/",
    "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[2002:7f00:1::]/", "https://[2002:a9fe:a9fe::]/",
    "https://[::127.0.0.1]/", "https://\uff11\uff12\uff17.0.0.1/", "https://example.org\n/", "https://exa\u00admple.org/", "https://\t127.0.0.1/",
    "https://127.0.0.1#@example.org/", "https://127.0.0.1?@example.org/", "https://127.0.0.1\\@example.org/", "https://nowhere.invalid/",
)  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_never_reached(url: str) -> None:
    with pytest.raises(NotReached):
        find(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_one_inner_address_among_several_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(answers: list[str]) -> Any:
        return lambda *_a, **_k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, 443)) for answer in answers]

    monkeypatch.setattr(socket, "getaddrinfo", resolve(["8.8.8.8", "10.0.0.1"]))
    with pytest.raises(NotReached):
        find("https://rebinding.example/")
    monkeypatch.setattr(socket, "getaddrinfo", resolve(["8.8.8.8"]))
    assert find("https://good.example/pay?x=1").address == "8.8.8.8"


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers twice differently leads nowhere: the name is asked once."""
    asked: list[object] = []

    def resolve(*_a: object, **_k: object) -> list[Any]:
        asked.append(1)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8" if len(asked) == 1 else "127.0.0.1", 443))]

    def refuse(address: tuple[str, int], **_k: object) -> None:
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(NotReached):
        outgoing.send("GET", "https://rebinding.example/", headers={})
    assert asked == [1, ("8.8.8.8", 443)]


def test_a_private_host_is_reached_only_by_its_very_name_and_port() -> None:
    assert find("http://127.0.0.1:8123/pay", ["127.0.0.1:8123"]).path == "/pay"
    for url in ("http://127.0.0.1:8124/", "http://localhost:8123/", "ftp://127.0.0.1:8123/"):
        with pytest.raises(NotReached):
            find(url, ["127.0.0.1:8123"])


def test_a_server_that_drips_or_floods_is_cut_off() -> None:
    def answer(link: socket.socket, flood: bool) -> None:
        link.recv(4_096)
        try:
            link.sendall(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" + b"x" * 200_000 if flood else b""))
            while not flood:
                link.sendall(b"X-Drip: 1\r\n")
                time.sleep(0.05)
        except OSError:
            pass
        link.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        for flood in (False, True):
            thread = threading.Thread(target=lambda flood=flood: answer(server.accept()[0], flood), daemon=True)
            thread.start()
            with pytest.raises(NoAnswer):
                outgoing.send("GET", f"http://{place}/", headers={}, private_hosts=[place], seconds=0.4)
            thread.join(3)
