"""The component's one way to the world, `drsession:session/socket`, made of Python's sockets."""

import errno
import itertools
import select
import socket
import time

from wasmtime.component import ResourceHost, ResourceType, Variant

NAME = "drsession:session/socket@0.1.0"
# What tells this resource from others of the same store.
CONNECTION = 1


class Connection:
    def __init__(self, to, timeouts):
        self._socket = _connected(to, timeouts.connect / 1000)
        self._socket.settimeout(timeouts.answer / 1000)
        self._idle = False

    def set_idle(self):
        self._idle = True

    def write(self, data):
        idle, self._idle = self._idle, False
        # Whatever there is to read on an idle connection, nobody asked for it: its end, or bytes out of turn.
        if idle and select.select([self._socket], [], [], 0)[0]:
            return Variant("closed")
        self._socket.sendall(data)

    def read(self, max):
        return self._socket.recv(max)

    def close(self):
        self._socket.close()


def define(linker):
    """Gives the linker this interface. Its connections close with the store."""
    connections, numbers = {}, itertools.count(1)

    def connect(store, to, timeouts, state):
        connection = _told(Connection)(to, timeouts)
        if isinstance(connection, Variant):
            return connection
        number = next(numbers)
        connections[number] = connection
        return ResourceHost.own(number, CONNECTION).to_any(store)

    def method(function):
        def call(store, borrowed, *arguments):
            # This gives back, too, what is only lent.
            number = borrowed.to_host(store).rep
            return function(connections[number], *arguments)

        return call

    with linker.root() as root, root.add_instance(NAME) as interface:
        interface.add_func("now", lambda store: time.monotonic_ns() // 1_000_000)
        interface.add_func("wait", lambda store, milliseconds: time.sleep(milliseconds / 1000))
        close = lambda store, number: connections.pop(number).close()
        interface.add_resource("connection", ResourceType.host(CONNECTION), close)
        interface.add_func("[static]connection.connect", connect)
        # An instance keeps its connection, and instances are kept: so no other one ever takes it over.
        interface.add_func("[method]connection.reused", method(lambda connection: False))
        interface.add_func("[method]connection.set-state", method(lambda connection, state: None))
        interface.add_func("[method]connection.set-idle", method(Connection.set_idle))
        interface.add_func("[method]connection.write", method(_told(Connection.write)))
        interface.add_func("[method]connection.read", method(_told(Connection.read)))
    return connections


def _connected(to, seconds):
    if to.tag == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(seconds)
        connection.connect(to.payload)
        return connection
    connection = socket.create_connection(to.payload, seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _told(function):
    """The function with what goes wrong as the contract tells it."""

    def call(*arguments):
        try:
            return function(*arguments)
        except socket.gaierror as error:
            return Variant("name-not-found", str(error))
        except ConnectionRefusedError:
            return Variant("refused")
        except TimeoutError:
            return Variant("timed-out")
        except OSError as error:
            if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENOENT):
                return Variant("unreachable")
            return Variant("other", str(error))

    return call
