"""Which settings are unsafe where customers' data is kept; pure. Every finding says what to do about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from config import Settings

SECRET_CHARACTERS_MIN = 12  # different ones; 32 characters drawn at random from any usual alphabet have more
WELL_KNOWN = (
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "passphrase",
    "makegood",
    "example",
    "default",
)
NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.glusterfs", "ceph", "9p", "afs")
LOCAL = ("", "127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """One unsafe setting. is_refused: production doesn't start with it; otherwise it is only said."""

    setting: str
    sentence: str
    is_refused: bool = True

    def line(self) -> str:
        return f"{self.setting}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the settings alone don't say. open_paths: files and folders that everybody on the machine may enter or read."""

    is_debug: bool = False
    is_testing: bool = False
    cookie_is_secure: bool = True
    log_level: str = "warning"
    open_paths: tuple[str, ...] = ()
    database_file_system: str = ""
    has_demo_people: bool = False


def findings(settings: Settings, facts: Facts) -> list[Finding]:
    """Judge as for production, whatever the environment is."""
    return [
        *_of_process(settings, facts),
        *_of_secrets(settings),
        *_of_addresses(settings, facts),
        *_of_database(settings, facts),
        *_of_files(facts),
        *_of_people(settings, facts),
        *_of_mail(settings),
    ]


def _of_process(settings: Settings, facts: Facts) -> Iterator[Finding]:
    if settings.environment != "production":
        yield Finding(
            "MAKEGOOD_ENV", "it is not production; set MAKEGOOD_ENV=production where customers are served", False
        )
    if facts.is_debug:
        yield Finding(
            "FLASK_DEBUG", "debugging shows code and data to visitors; unset FLASK_DEBUG and leave out --debug"
        )
    if facts.is_testing:
        yield Finding("TESTING", "the application runs as in a test; take TESTING out of what starts it")
    if facts.log_level.lower() == "debug":
        yield Finding("MAKEGOOD_LOG_LEVEL", "debug logs are large; choose info or warning", False)


def _of_secrets(settings: Settings) -> Iterator[Finding]:
    wanted = "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if settings.secret_key_is_generated:
        yield Finding("SECRET_KEY", f"it was generated here; {wanted}, and give it to every process")
    elif is_weak(settings.secret_key):
        yield Finding("SECRET_KEY", f"it can be guessed; {wanted}")
    if any(is_weak(secret) for secret in settings.secret_key_fallbacks):
        yield Finding("SECRET_KEY_FALLBACKS", "one of them can be guessed; leave it out: what it signed is void then")


def is_weak(secret: str) -> bool:
    """Tell whether a secret is short, repeats itself, or is a word that everybody tries first."""
    lowered = secret.lower()
    return len(secret) < 32 or len(set(secret)) < SECRET_CHARACTERS_MIN or any(word in lowered for word in WELL_KNOWN)


def _of_addresses(settings: Settings, facts: Facts) -> Iterator[Finding]:
    if not settings.is_https:
        yield Finding("MAKEGOOD_BASE_URL", "people would reach it without encryption; give the https:// address")
    elif not facts.cookie_is_secure:
        yield Finding("SESSION_COOKIE_SECURE", "the session would also travel unencrypted; don't switch it off")
    host = urlsplit(settings.base_url).hostname or ""
    if not any(host == name or (name.startswith(".") and host.endswith(name)) for name in settings.trusted_hosts):
        yield Finding("MAKEGOOD_TRUSTED_HOSTS", f"{host} is missing, so nobody would be answered; set it to {host}")
    if any("*" in name for name in settings.trusted_hosts):
        yield Finding("MAKEGOOD_TRUSTED_HOSTS", "a * trusts no name at all; write the host names out")
    if settings.proxy_hops == 0:
        sentence = (
            "https ends at a proxy, whose address would be taken for everybody's; say how many proxies stand in front"
        )
        yield Finding("MAKEGOOD_PROXY_HOPS", sentence)


def _of_database(settings: Settings, facts: Facts) -> Iterator[Finding]:
    if settings.database_url.startswith("sqlite"):
        if settings.web_hosts > 1:
            sentence = f"SQLite serves one machine, and MAKEGOOD_WEB_HOSTS says {settings.web_hosts}; use PostgreSQL"
            yield Finding("DATABASE_URL", sentence)
        if facts.database_file_system in NETWORK_FILE_SYSTEMS:
            sentence = f"SQLite's locks don't hold on {facts.database_file_system}; use a local disk, or PostgreSQL"
            yield Finding("DATABASE_URL", sentence)
        return
    for name, url in (
        ("DATABASE_URL", settings.database_url),
        ("MAKEGOOD_OWNER_DATABASE_URL", settings.owner_database_url),
    ):
        if not is_private_connection(url):
            yield Finding(name, "it leaves this machine without checking who answers; add ?sslmode=verify-full")
    if urlsplit(settings.database_url).username == urlsplit(settings.owner_database_url).username:
        sentence = "the application owns its tables and could switch their guards off; see docs/hardening.md, Two roles"
        yield Finding("MAKEGOOD_OWNER_DATABASE_URL", sentence, False)


def is_private_connection(url: str) -> bool:
    """Tell whether a PostgreSQL connection stays on this machine or checks the server's certificate."""
    parts = urlsplit(url)
    said = parse_qs(parts.query)
    hosts = said.get("host", [parts.hostname or ""])
    if all(host in LOCAL or host.startswith("/") for host in hosts):
        return True
    return said.get("sslmode", [""])[-1] in ("verify-full", "verify-ca")


def _of_files(facts: Facts) -> Iterator[Finding]:
    for path in facts.open_paths:
        yield Finding("MAKEGOOD_INSTANCE", f"everybody on this machine can look into {path}; run: chmod o-rwx {path}")


def _of_people(settings: Settings, facts: Facts) -> Iterator[Finding]:
    if facts.has_demo_people:
        sentence = "demo people and their printed pass phrase are here; use another folder and an empty database"
        yield Finding("MAKEGOOD_INSTANCE", sentence)
    if not settings.second_factor_roles:
        sentence = (
            "nobody needs a second factor; ask it of everybody, or at least of supervisor,manager,hr,auditor,admin"
        )
        yield Finding("MAKEGOOD_SECOND_FACTOR", sentence, False)
    if not settings.breached_hashes:
        sentence = "pass phrases known from breaches are not refused; see docs/signing-in.md"
        yield Finding("MAKEGOOD_BREACHED_HASHES", sentence, False)
    if settings.fx_days_max is None:
        yield Finding(
            "MAKEGOOD_FX_DAYS_MAX", "old exchange rates decide about money; set a number of days, like 5", False
        )


def _of_mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_host and not settings.smtp_starttls and settings.smtp_host not in LOCAL:
        yield Finding("MAKEGOOD_SMTP_STARTTLS", "mail would leave this machine unencrypted; set it to yes")


def refusal(found: Iterable[Finding]) -> str | None:
    """Say, in one text with a line for each, why production doesn't start; None when it may."""
    lines = [f"  {finding.line()}" for finding in found if finding.is_refused]
    return "\n".join(["Makegood doesn't start in production like this:", *lines]) if lines else None
