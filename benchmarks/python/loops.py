"""drsession's five loops (performance.py), as often as it is told to, by drsession itself or by the component in Python.

Reads lines "loop nanoseconds"; runs that loop for so long, and answers with the times of its operations in nanoseconds.
"""

import sys
import time

ID = "A" * 43


def original(port):
    from drsession import SessionMiddleware

    middleware = SessionMiddleware(None, redis_kwargs={}, connection_pool_kwargs={"host": "127.0.0.1", "port": port})
    return middleware._build_session(ID)


def component(port):
    from drsession_host import Store

    global store  # A session ends with its store.
    store = Store(f"redis://127.0.0.1:{port}")
    return store.attach(ID)


def set_field(session):
    session["foo"] = "bar"


def get_field(session):
    session["foo"]


def contains(session):
    "foo" in session


def delete(session):
    try:
        del session["foo"]
    except KeyError:
        # The component's mapping says what was not there, as dictionaries do; drsession doesn't.
        pass


def save(session):
    # Nothing is left to save, and drsession has a method that does just that.
    getattr(session, "save", int)()


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    session = {"drsession": original, "component": component}[kind](port)
    loops = {"set": set_field, "get": get_field, "contains": contains, "delete": delete, "save": save}
    clock = time.perf_counter_ns
    for line in sys.stdin:
        name, nanoseconds = line.split()
        loop = loops[name]
        if name != "save":
            # The field is there for those that look, and the connection and its scripts for all.
            set_field(session)
        times = []
        before = begun = clock()
        end = begun + int(nanoseconds)
        while before < end:
            loop(session)
            now = clock()
            times.append(now - before)
            before = now
        print(*times, flush=True)


main()
