"""The session, without the middleware: the application reads and sets the cookie itself."""

import os
from functools import cache

from wit_world.imports.session_async import Options, Session, Store
from wit_world.imports.wasi_http_types import Request


@cache
def store() -> Store:
    """One for all requests of this instance: they share its connection."""
    return Store.open(Options(os.environ["REDIS_URL"]))


def of(request: Request) -> Session | None:
    """The session that the cookies name, or a new one. Nothing is asked of Redis yet."""
    return store().from_cookie(request.get_headers().get("cookie"))


def headers(session: Session) -> list[tuple[str, str]]:
    """The cookie, where it changes."""
    return session.response_headers()
