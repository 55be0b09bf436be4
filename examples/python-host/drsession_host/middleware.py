"""A session in the WSGI environment of every request."""

import collections

from .redis_url import redis_url
from .store import Store


class SessionMiddleware:
    """Takes the arguments of drsession's own middleware. One that can't work here is refused, and told why."""

    def __init__(
        self,
        app,
        prefix="drsession:",
        cookie="drsession",
        env="drsession",
        redis_server=None,
        redis_kwargs=None,
        connection_pool=None,
        connection_pool_kwargs=None,
        loads=None,
        dumps=None,
        gen_session_id=None,
        **settings,
    ):
        """Settings are those of the contract's `options`, by name: `cookie_secure=False`, `idle_lifetime=3600` …"""
        _refuse("redis_server", redis_server, "the component makes its own connections: say where to by redis_kwargs")
        _refuse("connection_pool", connection_pool, "each instance of the component keeps one connection")
        _refuse("loads", loads, "values are JSON; only the contract itself has get-bytes and set-bytes, for any other encoding")
        _refuse("dumps", dumps, "values are JSON; only the contract itself has get-bytes and set-bytes, for any other encoding")
        _refuse("gen_session_id", gen_session_id, "the component makes its ids, of 256 random bits")
        url = redis_url({**(connection_pool_kwargs or {}), **(redis_kwargs or {})})
        self._app = app
        self._env = env
        self._open = lambda: Store(url, prefix=prefix, cookie_name=cookie, **settings)
        # Not in use; a store serves one request at a time. The first one sees to it that bad settings are told now.
        self._stores = collections.deque([self._open()])

    def __call__(self, environ, start_response):
        try:
            store = self._stores.pop()
        except IndexError:
            store = self._open()
        cookies = [environ["HTTP_COOKIE"].encode("latin-1")] if "HTTP_COOKIE" in environ else []
        session = environ[self._env] = store.from_cookie(cookies)

        def start_with_session(status, headers, *exc_info):
            return start_response(status, headers + session.response_headers(), *exc_info)

        try:
            body = self._app(environ, start_with_session)
        except BaseException:
            # Perhaps in the middle of a call: it is not used again.
            store.close()
            raise
        return _Body(body, lambda: self._keep(store))

    def _keep(self, store):
        store.release()
        self._stores.append(store)


class _Body:
    """What the application answers; the session is its own until all of it is sent."""

    def __init__(self, body, end):
        self._body = body
        self._end = end

    def __iter__(self):
        return iter(self._body)

    def close(self):
        if hasattr(self._body, "close"):
            self._body.close()
        self._end()


def _refuse(name, value, reason):
    if value is not None:
        raise TypeError(f"{name} is not to be had: {reason}")
