"""The component's store and its handles, in wasmtime, with Python's exceptions."""

import functools
import os
import pathlib

from sessions import Session, errors
from wasmtime import Engine
from wasmtime import Store as Memory
from wasmtime.component import Component, Linker, Variant

from . import socket

SESSION = "drsession:session/session@0.1.0"
RANDOM = "wasi:random/random@0.2.0"
COMPONENT = pathlib.Path(os.environ.get("DRSESSION_COMPONENT", "drsession.wasm"))


class Store:
    """Where sessions are kept: an instance of the component with its own connection. For one thread at a time."""

    def __init__(self, url, **settings):
        """Settings are those of the contract's `options`, by name: `prefix="shop:"`, `idle_lifetime=3600` …"""
        self._instance = Instance()
        options = self._instance.call("[constructor]options", url)
        for name, value in settings.items():
            values = value if isinstance(value, tuple) else (value,)
            for number in values:
                # wasmtime would cut off what does not fit.
                if isinstance(number, int) and not 0 <= number < 2**32:
                    raise errors.InvalidArgument(f"{name}: {number} does not fit into 32 bits")
            self._instance.call(f"[method]options.set-{_kebab(name)}", options, *values)
        self._given_out = []
        try:
            self._store = self._instance.call("[static]store.open", options)
        finally:
            self._instance.drop(options)

    def from_cookie(self, headers):
        """The session that a request's `Cookie` headers (bytes) name, or a new one. Nothing is asked of Redis yet."""
        return self._session(self._instance.call("[method]store.from-cookie", self._store, headers))

    def attach(self, id):
        """The session with this id."""
        return self._session(self._instance.call("[method]store.attach", self._store, id))

    def release(self):
        """Takes back the sessions that it has given out: at the end of each request."""
        while self._given_out:
            self._instance.drop(self._given_out.pop())

    def close(self):
        """Closes the connection. The store can't be used any more."""
        self._instance.close()

    def _session(self, resource):
        self._given_out.append(resource)
        return Session(_Handle(self._instance, resource))


class _Handle:
    """The contract's functions, raising `SessionError`."""

    def __init__(self, instance, resource):
        self._instance = instance
        self._resource = resource

    def __getattr__(self, name):
        return functools.partial(self._instance.call, f"[method]session.{_kebab(name)}", self._resource)

    def compare_and_set(self, key, expected, json):
        """Whether it is stored, and what is there if not."""
        swap = self._instance.call("[method]session.compare-and-set", self._resource, key, expected, json)
        return (True, json) if swap.tag == "stored" else (False, swap.payload)

    def rotate(self, fields):
        writes = [Variant("set", field) for field in fields]
        self._instance.call("[method]session.rotate", self._resource, writes)


class Instance:
    """An instance of drsession.wasm and the functions that it exports."""

    def __init__(self):
        engine, component = _compiled()
        linker = Linker(engine)
        self._connections = socket.define(linker)
        with linker.root() as root, root.add_instance(RANDOM) as random:
            random.add_func("get-random-bytes", lambda store, length: os.urandom(length))
        self._memory = Memory(engine)
        self._instance = linker.instantiate(self._memory, component)
        self._interface = self._instance.get_export_index(self._memory, SESSION)
        self._functions = {}

    def call(self, name, *arguments):
        function = self._functions.get(name)
        if function is None:
            index = self._instance.get_export_index(self._memory, name, self._interface)
            if index is None:
                raise TypeError(f"the component has no {name}")
            function = self._functions[name] = self._instance.get_func(self._memory, index)
        return _value(function(self._memory, *arguments))

    def drop(self, resource):
        resource.drop(self._memory)

    def close(self):
        for connection in self._connections.values():
            connection.close()


@functools.cache
def _compiled():
    """Once a process: compiling takes longer than all else."""
    engine = Engine()
    return engine, Component.from_file(engine, str(COMPONENT))


def _value(result):
    """What a call returned. wasmtime names the case of a result only where its value alone does not tell it."""
    if isinstance(result, Variant):
        if result.tag == "ok":
            return result.payload
        error = result.payload if result.tag == "err" else result
        raise errors.BY_NAME[error.tag](error.payload)
    return result


def _kebab(name):
    return name.replace("_", "-")
