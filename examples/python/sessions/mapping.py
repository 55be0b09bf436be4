"""A session as a mapping: its fields are read and written in Redis when you read and write them here."""

import json
from collections.abc import MutableMapping

from . import errors
from .counter import Counter, read_from

_MISSING = object()


class Session(MutableMapping):
    """One visitor's session. Values are whatever JSON can say; each call is one round trip, and stored when it returns.

    A value that you change in place (`session["cart"].append(…)`) is not stored by that: assign it, or better, `change` it.
    """

    def __init__(self, handle):
        """`handle` has the contract's functions, and raises `SessionError`."""
        self._handle = handle
        # The last thing that was done here, if it was reading an integer.
        self._read = None

    def __getitem__(self, key):
        text = self._handle.get(_name(key))
        if text is None:
            raise KeyError(key)
        value = _load(key, text)
        if type(value) is not int:
            return value
        counter = read_from(value)
        self._read = (key, counter.read)
        return counter

    def __setitem__(self, key, value):
        read, self._read = self._read, None
        # `session[key] += 1`: only what was read from this very field, with nothing done to it since.
        if isinstance(value, Counter) and value.by and read == (key, value.read):
            self.increment(key, value.by)
        else:
            self._handle.set(_name(key), _dump(value))

    def __delitem__(self, key):
        if not self._handle.delete(_name(key)):
            raise KeyError(key)

    def __contains__(self, key):
        return self._handle.contains(_name(key))

    def __len__(self):
        return self._handle.len()

    def __iter__(self):
        return iter(self._handle.keys())

    def keys(self):
        return self._handle.keys()

    def values(self):
        return [value for _, value in self.items()]

    def items(self):
        return [(key, _load(key, text)) for key, text in self._handle.items()]

    def get(self, key, default=None):
        text = self._handle.get(_name(key))
        return default if text is None else _load(key, text)

    def get_many(self, *keys):
        """The values of those fields that are there, in one round trip."""
        texts = zip(keys, self._handle.get_many([_name(key) for key in keys]))
        return {key: _load(key, text) for key, text in texts if text is not None}

    def pop(self, key, default=_MISSING):
        text = self._handle.pop(_name(key))
        if text is not None:
            return _load(key, text)
        if default is _MISSING:
            raise KeyError(key)
        return default

    def setdefault(self, key, default=None):
        while True:
            if self._handle.set_if_absent(_name(key), _dump(default)):
                return default
            text = self._handle.get(_name(key))
            if text is not None:
                return _load(key, text)

    def update(self, other=(), /, **fields):
        """All of them or none."""
        self._handle.update([(_name(key), _dump(value)) for key, value in dict(other, **fields).items()])

    def clear(self):
        self._handle.clear()

    def change(self, key, function, default=_MISSING):
        """Stores `function(value)` and returns it, and loses no one's change: where somebody else was faster, `function` is
        asked again with what they have stored. An absent field begins as `default`."""
        text = self._handle.get(_name(key))
        initial = None if default is _MISSING else _dump(default)
        while True:
            if text is None and initial is None:
                raise KeyError(key)
            value = function(_load(key, initial if text is None else text))
            stored, text = self._handle.compare_and_set(key, text, _dump(value))
            if stored:
                return value

    def increment(self, key, by=1):
        """Adds to a counter, race-free, and returns its new value. An absent one counts as 0."""
        if isinstance(by, float):
            return self._handle.increment_float(_name(key), by)
        if not -(2**63) <= by < 2**63:
            raise errors.Overflow
        return self._handle.increment(_name(key), by)

    def rotate(self, **fields):
        """Moves the session to a new id and stores these fields, in one step: for every change of privilege."""
        self._handle.rotate([(_name(key), _dump(value)) for key, value in fields.items()])

    def destroy(self):
        """Ends the session, for every handle on it."""
        self._handle.destroy()

    def restart(self):
        """Turns away from this session and begins a new one."""
        self._handle.restart()

    def response_headers(self):
        """The headers that the response needs, as pairs. To be asked for last."""
        return self._handle.response_headers()

    @property
    def id(self):
        """None as long as nothing was read or written."""
        return self._handle.id()

    @property
    def log_id(self):
        """Stands for the id in logs."""
        return self._handle.log_id()

    def __repr__(self):
        return f"<Session {self.log_id}>"

    # As for every object: two handles are the same or not. A comparison of contents would read all of them.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _name(key):
    """A field's name. Bindings may abort on anything but text in UTF-8."""
    if not isinstance(key, str):
        raise TypeError(f"a field's name is text, not {type(key).__name__}")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise errors.InvalidArgument("a field's name that is not UTF-8") from None
    return key


def _dump(value):
    return json.dumps(value, allow_nan=False)


def _load(key, text):
    try:
        return json.loads(text)
    except ValueError:
        raise errors.Corrupt(key) from None
