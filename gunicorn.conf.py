"""The web server: few processes, many threads. `flask serve` adds the address and the number of workers."""

import os

worker_class = "gthread"
workers = 1 if os.environ.get("DATABASE_URL", "sqlite").startswith("sqlite") else 2
threads = 32
graceful_timeout = 5 + int(os.environ.get("MAKEGOOD_DRAIN_SECONDS") or "0")
keepalive = 5
timeout = 60
bind = "127.0.0.1:8000"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  heartbeats stay off the disk
max_requests = 0
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
control_socket_disable = True


def on_starting(server):
    """Let the server's own words look like all others."""
    from app.kernel.logs import configure
    from config import read_settings

    settings = read_settings()
    configure(form=settings.log_form, level=settings.log_level)


def post_worker_init(worker):
    """Serve no demo people in production; let SIGTERM first take this process out of the balancer's list."""
    from app.ops.drain import leave_slowly
    from app.ops.safety import refuse_demo_people
    from app.ops.starting import begin

    begin(worker.wsgi, is_web=True)
    refuse_demo_people(worker.wsgi)
    leave_slowly(worker.wsgi)


loglevel = os.environ.get("MAKEGOOD_LOG_LEVEL", "warning")
