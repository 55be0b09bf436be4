"""drsession.wasm within a program of your own: sessions for WSGI applications."""

from .middleware import SessionMiddleware
from .store import Store

__all__ = ["SessionMiddleware", "Store"]
