"""Settings: environment variables, read once, typed, refused with a clear message when wrong."""

import base64
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ROLES = ("frontline", "supervisor", "manager", "hr", "auditor", "admin")


class BadSetting(SystemExit):
    """A setting that can't be used; the message names it and says what it should be."""

    def __init__(self, name: str, value: str, wanted: str) -> None:
        super().__init__(f"{name}={value!r} can't be used: {wanted}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an instance runs with. Units are in the names."""

    environment: str
    database_url: str
    owner_database_url: str
    secret_key: str
    secret_key_is_generated: bool
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    instance_path: str
    base_url: str
    trusted_hosts: tuple[str, ...]
    proxy_hops: int
    web_hosts: int
    session_idle_minutes: int
    session_absolute_hours: int
    upload_max_mebibytes: int
    files_folder: str
    live_streams_max: int
    exception_expires_hours: int
    remedy_expires_days: int
    argon2_fast: bool
    scheduler_lease_seconds: int
    fx_days_max: int | None
    payout_webhook_url: str
    payout_webhook_secret: str = field(repr=False)
    stripe_url: str
    stripe_api_key: str = field(repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    outgoing_private_hosts: tuple[str, ...]
    outgoing_seconds: int
    drain_seconds: int
    log_form: str
    log_level: str
    instrument: str
    smtp_host: str
    smtp_port: int
    smtp_user: str
    smtp_password: str = field(repr=False)
    smtp_starttls: bool
    mail_from: str
    imap_url: str = field(repr=False)
    mail_auth_server: str
    second_factor_roles: tuple[str, ...]
    breached_hashes: str
    checkpoint_file: str
    checkpoint_second_place: str
    checkpoint_key: str = field(repr=False)
    checkpoint_minutes: int
    checkpoint_entries: int
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str = field(repr=False)
    oidc_name: str
    oidc_only: bool
    oidc_second_factor: tuple[str, ...]
    scim_site: str
    scim_roles: tuple[tuple[str, str], ...]

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret that seals and signs now, then older ones that still open and verify."""
        return (self.secret_key, *self.secret_key_fallbacks)

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")


def read_settings(environ: dict[str, str] | None = None) -> Settings:
    """Read every setting; raises BadSetting (a SystemExit with one sentence) for the first wrong one."""
    env = dict(os.environ if environ is None else environ)
    instance = Path(env.get("MAKEGOOD_INSTANCE", str(ROOT / "instance")))
    url = env.get("DATABASE_URL", f"sqlite:///{instance / 'makegood.db'}")
    environment = _one_of(env, "MAKEGOOD_ENV", "development", ("development", "production", "test"))
    secret, generated = _secret_key(env, instance, environment)
    base_url = env.get("MAKEGOOD_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    hosts = tuple(h.strip() for h in env.get("MAKEGOOD_TRUSTED_HOSTS", "127.0.0.1,localhost").split(",") if h.strip())
    if environment == "production" and not base_url.startswith("https://"):
        raise BadSetting("MAKEGOOD_BASE_URL", base_url, "production is served over https:// only")
    if environment == "production" and generated:
        raise BadSetting("SECRET_KEY", "", "production needs a secret of your own, at least 32 characters long")
    return Settings(
        environment=environment,
        database_url=_database_url("DATABASE_URL", url),
        owner_database_url=_database_url("MAKEGOOD_OWNER_DATABASE_URL", env.get("MAKEGOOD_OWNER_DATABASE_URL", url)),
        secret_key=secret,
        secret_key_is_generated=generated,
        secret_key_fallbacks=_fallbacks(env),
        instance_path=str(instance),
        base_url=base_url,
        trusted_hosts=hosts,
        proxy_hops=_whole(env, "MAKEGOOD_PROXY_HOPS", 0, 0, 5),
        web_hosts=_whole(env, "MAKEGOOD_WEB_HOSTS", 1, 1, 1_000),
        session_idle_minutes=_whole(env, "MAKEGOOD_SESSION_IDLE_MINUTES", 30, 1, 60),
        session_absolute_hours=_whole(env, "MAKEGOOD_SESSION_ABSOLUTE_HOURS", 8, 1, 24),
        upload_max_mebibytes=_whole(env, "MAKEGOOD_UPLOAD_MAX_MEBIBYTES", 200, 1, 2000),
        files_folder=_files_folder(env, instance),
        live_streams_max=_whole(env, "MAKEGOOD_LIVE_STREAMS", 16, 0, 1_000),
        exception_expires_hours=_whole(env, "MAKEGOOD_EXCEPTION_EXPIRES_HOURS", 72, 1, 72),
        remedy_expires_days=_whole(env, "MAKEGOOD_REMEDY_EXPIRES_DAYS", 14, 1, 365),
        argon2_fast=environment == "test",
        scheduler_lease_seconds=_whole(env, "MAKEGOOD_SCHEDULER_LEASE_SECONDS", 8, 2, 60),
        fx_days_max=_days_or_any(env, "MAKEGOOD_FX_DAYS_MAX", 5 if environment == "production" else None),
        payout_webhook_url=_url(env, "MAKEGOOD_PAYOUT_WEBHOOK_URL", "", environment),
        payout_webhook_secret=_secret(env, "MAKEGOOD_PAYOUT_WEBHOOK_SECRET"),
        stripe_url=_url(env, "MAKEGOOD_STRIPE_URL", "https://api.stripe.com", environment),
        stripe_api_key=_secret(env, "MAKEGOOD_STRIPE_API_KEY"),
        stripe_webhook_secrets=_words(_secret(env, "MAKEGOOD_STRIPE_WEBHOOK_SECRETS")),
        outgoing_private_hosts=_words(env.get("MAKEGOOD_OUTGOING_PRIVATE_HOSTS", "")),
        outgoing_seconds=_whole(env, "MAKEGOOD_OUTGOING_SECONDS", 5, 1, 10),
        drain_seconds=_whole(env, "MAKEGOOD_DRAIN_SECONDS", 0, 0, 60),
        log_form=_one_of(
            env, "MAKEGOOD_LOG_FORM", "json" if environment == "production" else "plain", ("json", "plain")
        ),
        log_level=_one_of(
            env,
            "MAKEGOOD_LOG_LEVEL",
            "info" if environment == "production" else "warning",
            ("debug", "info", "warning", "error"),
        ),
        instrument=_function(env, "MAKEGOOD_INSTRUMENT"),
        smtp_host=env.get("MAKEGOOD_SMTP_HOST", ""),
        smtp_port=_whole(env, "MAKEGOOD_SMTP_PORT", 587, 1, 65_535),
        smtp_user=env.get("MAKEGOOD_SMTP_USER", ""),
        smtp_password=env.get("MAKEGOOD_SMTP_PASSWORD", ""),
        smtp_starttls=_one_of(env, "MAKEGOOD_SMTP_STARTTLS", "yes", ("yes", "no")) == "yes",
        mail_from=_mail_from(env),
        imap_url=_imap_url(env, environment),
        mail_auth_server=env.get("MAKEGOOD_MAIL_AUTH_SERVER", ""),
        second_factor_roles=_roles(
            env, "MAKEGOOD_SECOND_FACTOR", "everybody" if environment == "production" else "nobody"
        ),
        breached_hashes=_readable(env, "MAKEGOOD_BREACHED_HASHES"),
        checkpoint_file=env.get("MAKEGOOD_CHECKPOINTS") or str(instance / "checkpoints.jsonl"),
        checkpoint_second_place=_place(env, "MAKEGOOD_CHECKPOINT_SECOND_PLACE", environment),
        checkpoint_key=_signing_seed(env, "MAKEGOOD_CHECKPOINT_KEY"),
        checkpoint_minutes=_whole(env, "MAKEGOOD_CHECKPOINT_MINUTES", 5, 1, 1_440),
        checkpoint_entries=_whole(env, "MAKEGOOD_CHECKPOINT_ENTRIES", 100, 1, 100_000),
        oidc_issuer=_issuer(env, environment),
        oidc_client_id=env.get("MAKEGOOD_OIDC_CLIENT_ID", ""),
        oidc_client_secret=_secret(env, "MAKEGOOD_OIDC_CLIENT_SECRET"),
        oidc_name=env.get("MAKEGOOD_OIDC_NAME", "")[:60],
        oidc_only=_only_company(env),
        oidc_second_factor=_words(env.get("MAKEGOOD_OIDC_SECOND_FACTOR", "")),
        scim_site=env.get("MAKEGOOD_SCIM_SITE", "").strip().upper(),
        scim_roles=_given_roles(env),
    )


def _secret_key(env: dict[str, str], instance: Path, environment: str) -> tuple[str, bool]:
    given = env.get("SECRET_KEY", "")
    if given:
        if len(given) < 32:
            raise BadSetting("SECRET_KEY", "(hidden)", "it must be at least 32 characters long")
        return given, False
    if environment == "production":
        return "", True
    path = instance / "secret_key"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return path.read_text(encoding="utf-8"), True


def _fallbacks(env: dict[str, str]) -> tuple[str, ...]:
    found = _words(env.get("SECRET_KEY_FALLBACKS", ""))
    if any(len(secret) < 32 for secret in found):
        raise BadSetting("SECRET_KEY_FALLBACKS", "(hidden)", "each must be at least 32 characters long")
    return found


def _readable(env: dict[str, str], name: str) -> str:
    """The path of a file that can be read, or nothing."""
    path = env.get(name, "")
    if path and not os.access(path, os.R_OK):
        raise BadSetting(name, path, "give the path of a file that can be read")
    return path


def _roles(env: dict[str, str], name: str, default: str) -> tuple[str, ...]:
    """The roles that something is asked of: "nobody", "everybody", or names with commas between them."""
    text = env.get(name, default)
    found = () if text == "nobody" else ROLES if text == "everybody" else _words(text)
    if (text != "nobody" and not found) or any(role not in ROLES for role in found):
        raise BadSetting(name, text, "write nobody, everybody, or some of " + ", ".join(ROLES))
    return found


def _database_url(name: str, url: str) -> str:
    if url.startswith(("postgres://", "postgresql://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting(name, url.split("@")[-1], "give sqlite:///PATH or postgresql://USER@HOST/NAME")
    return url


def _url(env: dict[str, str], name: str, default: str, environment: str) -> str:
    url = env.get(name, default).rstrip("/")
    if url and not url.startswith("https://") and (environment == "production" or not url.startswith("http://")):
        raise BadSetting(name, url, "give an address that begins with https://")
    return url


def _secret(env: dict[str, str], name: str) -> str:
    given = env.get(name, "")
    if given and len(given) < 16:
        raise BadSetting(name, "(hidden)", "it must be at least 16 characters long")
    return given


def _issuer(env: dict[str, str], environment: str) -> str:
    """The company's OpenID provider, exactly as it names itself; it comes with an id and a secret for this product."""
    given = env.get("MAKEGOOD_OIDC_ISSUER", "")
    _url(env, "MAKEGOOD_OIDC_ISSUER", "", environment)
    if any(sign in given for sign in "?#@ ") or len(given) > 300:
        raise BadSetting(
            "MAKEGOOD_OIDC_ISSUER", "(hidden)", "give the issuer alone, like https://login.company.example"
        )
    for name in ("MAKEGOOD_OIDC_CLIENT_ID", "MAKEGOOD_OIDC_CLIENT_SECRET"):
        if bool(env.get(name)) != bool(given):
            raise BadSetting(name, "(hidden)", "set it together with MAKEGOOD_OIDC_ISSUER, or neither")
    return given


def _only_company(env: dict[str, str]) -> bool:
    is_only = _one_of(env, "MAKEGOOD_OIDC_ONLY", "no", ("yes", "no")) == "yes"
    if is_only and not env.get("MAKEGOOD_OIDC_ISSUER"):
        raise BadSetting("MAKEGOOD_OIDC_ONLY", "yes", "set MAKEGOOD_OIDC_ISSUER first, or nobody could sign in")
    return is_only


def _given_roles(env: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """What a provisioning program may call a role, and which it then is: "frontline,Desk lead=supervisor"."""
    text = env.get("MAKEGOOD_SCIM_ROLES", "frontline")
    pairs = [(word.partition("=")[0].strip(), word.rpartition("=")[2].strip()) for word in _words(text)]
    if not pairs or any(not theirs or ours not in ROLES for theirs, ours in pairs):
        raise BadSetting("MAKEGOOD_SCIM_ROLES", text, "write some of " + ", ".join(ROLES) + ", or NAME=role")
    return tuple(pairs)


def _place(env: dict[str, str], name: str, environment: str) -> str:
    """A path, or an address that takes POST."""
    given = env.get(name, "")
    return _url(env, name, "", environment) if "://" in given else given


def _signing_seed(env: dict[str, str], name: str) -> str:
    """The 32 bytes of an Ed25519 private key in base64, or nothing."""
    given = env.get(name, "")
    try:
        is_seed = not given or len(base64.b64decode(given, validate=True)) == 32
    except ValueError:
        is_seed = False
    if not is_seed:
        raise BadSetting(name, "(hidden)", "give 32 random bytes in base64")
    return given


def _files_folder(env: dict[str, str], instance: Path) -> str:
    """Where attached files are kept: never below the program, whose static files the web can reach."""
    folder = Path(env.get("MAKEGOOD_FILES") or instance / "files").resolve()
    if folder.is_relative_to(ROOT / "app"):
        raise BadSetting("MAKEGOOD_FILES", str(folder), "choose a folder outside of the program")
    return str(folder)


def _mail_from(env: dict[str, str]) -> str:
    given = env.get("MAKEGOOD_MAIL_FROM", "makegood@localhost")
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", given):
        raise BadSetting("MAKEGOOD_MAIL_FROM", given, "give one address, like makegood@example.org")
    return given


def _function(env: dict[str, str], name: str) -> str:
    given = env.get(name, "")
    if given and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", given):
        raise BadSetting(name, given, "give a function as module:name, or nothing")
    return given


def _imap_url(env: dict[str, str], environment: str) -> str:
    """Where mail is fetched: imaps://USER:PASSWORD@HOST[:PORT][/FOLDER]; without TLS only outside of production."""
    given = env.get("MAKEGOOD_IMAP_URL", "")
    schemes = "imaps" if environment == "production" else "imaps?"
    if given and not re.fullmatch(rf"{schemes}://[^:/@\s]+:[^/@\s]+@[^:/@\s]+(:\d{{1,5}})?(/\S*)?", given):
        raise BadSetting("MAKEGOOD_IMAP_URL", "(hidden)", "give imaps://USER:PASSWORD@HOST/FOLDER")
    return given


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _one_of(env: dict[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = env.get(name, default)
    if value not in choices:
        raise BadSetting(name, value, "choose one of " + ", ".join(choices))
    return value


def _days_or_any(env: dict[str, str], name: str, default: int | None) -> int | None:
    """A number of days, or "any" (None) for no bound."""
    return (
        None if env.get(name, "any" if default is None else "") == "any" else _whole(env, name, default or 1, 1, 3660)
    )


def _whole(env: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadSetting(name, text, f"give a whole number from {low} to {high}")
    return int(text)
