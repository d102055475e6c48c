"""The settings of the server: ours, written at each start, and what the caller overrides."""

import re
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from service.embedded.errors import SettingRefusedError

HOST = "127.0.0.1"

# Durable like a real server, and small enough to share a laptop.
OURS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "lc_messages": "C",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_startup_progress_interval": "2s",
}

# With another value of these the supervisor would lose the server, its log or its port.
SUPERVISED = {
    "cluster_name",
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "lc_messages",
    "listen_addresses",
    "log_destination",
    "logging_collector",
    "port",
}

EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST_PORT = 15432


def check_overrides(settings: Mapping[str, str]) -> None:
    """Raise SettingRefusedError for names and values that can't be written or must not change."""
    for name, value in settings.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?", name):
            raise SettingRefusedError(f"{name!r} is not a name of a setting")
        if name.lower() in SUPERVISED:
            raise SettingRefusedError(f"the setting {name} is the supervisor's own")
        if not value.isprintable():
            raise SettingRefusedError(f"the value of the setting {name} has control characters")


def render(settings: Mapping[str, str], *, port: int, title: str) -> str:
    """The text of the configuration file; of two lines for one setting the last one counts."""
    fixed = {"port": str(port), "cluster_name": title}
    lines = ["# Written at each start of the embedded server: changes here are lost."]
    for name, value in [*OURS.items(), *fixed.items(), *settings.items()]:
        quoted = value.replace("\\", "\\\\").replace("'", "''")
        lines.append(f"{name} = '{quoted}'")
    return "\n".join(lines) + "\n"


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL does: connections of a past server that linger don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free port below the range from which the system takes ports for outgoing connections.

    From inside it, a client that retries while the server restarts could be given the server's
    own port as its source, and keep it from coming back.
    """
    try:
        highest = int(EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        highest = 32768
    for _ in range(100):
        port = LOWEST_PORT + secrets.randbelow(max(1, highest - LOWEST_PORT))
        if is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
