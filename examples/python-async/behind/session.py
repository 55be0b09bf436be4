"""The session, behind the middleware: a token stands for it."""

from wit_world.imports.request import current
from wit_world.imports.session_async import Session
from wit_world.imports.wasi_http_types import Request


def of(request: Request) -> Session | None:
    """The request's session; none where the middleware gave it none."""
    tokens = request.get_headers().get("drsession-token")
    return current(tokens[0].decode("ascii", "replace")) if tokens else None


def headers(session: Session) -> list[tuple[str, str]]:
    """The cookie is the middleware's matter."""
    return []
