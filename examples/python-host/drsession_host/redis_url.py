"""The arguments of redis-py's clients and pools, as the URL of the contract."""

from urllib.parse import quote

KNOWN = {"host", "port", "db", "username", "password", "unix_socket_path", "protocol"}


def redis_url(arguments):
    """Arguments that have no place in a URL are refused by name."""
    unknown = sorted(arguments.keys() - KNOWN)
    if unknown:
        raise TypeError(f"unknown to drsession.wasm: {', '.join(unknown)}")
    user, password = (quote(arguments.get(name) or "", safe="") for name in ("username", "password"))
    credentials = f"{user}:{password}@" if user or password else ""
    protocol = f"protocol={arguments.get('protocol', 2)}"
    database = arguments.get("db", 0)
    if path := arguments.get("unix_socket_path"):
        return f"redis+unix://{credentials}{quote(path)}?db={database}&{protocol}"
    host = arguments.get("host", "localhost")
    host = f"[{host}]" if ":" in host else host
    return f"redis://{credentials}{host}:{arguments.get('port', 6379)}/{database}?{protocol}"
