"""The component's store and its handles, as componentize-py binds them, with Python's exceptions."""

from componentize_py_types import Err
from wit_world.imports.drsession_session_types import Operation_Set, Swap_Stored
from wit_world.imports.session import Options, Store as Component

from . import errors
from .mapping import Session


class Store:
    """Where sessions are kept. It holds the connection to Redis: make one, at the first request, and keep it."""

    def __init__(self, url, **settings):
        """Settings are those of the contract's `options`, by name: `prefix="shop:"`, `idle_lifetime=3600` …"""
        with Options(url) as options:
            for name, value in settings.items():
                values = value if isinstance(value, tuple) else (value,)
                getattr(options, f"set_{name}")(*values)
            self._store = _raising(Component.open)(options)

    def from_cookie(self, headers):
        """The session that a request's `Cookie` headers (bytes) name, or a new one. Nothing is asked of Redis yet."""
        return Session(_Handle(self._store.from_cookie(headers)))

    def attach(self, id):
        """The session with this id."""
        return Session(_Handle(_raising(self._store.attach)(id)))


class _Handle:
    """The contract's functions, raising `SessionError`."""

    def __init__(self, session):
        self._session = session

    def __getattr__(self, name):
        return _raising(getattr(self._session, name))

    def compare_and_set(self, key, expected, json):
        """Whether it is stored, and what is there if not."""
        swap = _raising(self._session.compare_and_set)(key, expected, json)
        return (True, json) if isinstance(swap, Swap_Stored) else (False, swap.value)

    def rotate(self, fields):
        _raising(self._session.rotate)([Operation_Set(field) for field in fields])


def _raising(function):
    """The function with errors as exceptions of their own."""

    def call(*arguments):
        try:
            return function(*arguments)
        except Err as err:
            raise _exception(err.value) from None

    return call


def _exception(error):
    # `Error_NotANumber` is `NotANumber` here.
    name = type(error).__name__.removeprefix("Error_")
    return getattr(errors, name)(getattr(error, "value", None))
