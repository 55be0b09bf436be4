"""Sessions as Python mappings, by the drsession component. A package to copy into an application of your own.

`guest` has the store for a component in Python; any other host of drsession.wasm brings its own (examples/python-host).
"""

from .errors import SessionError
from .mapping import Session

__all__ = ["Session", "SessionError"]
