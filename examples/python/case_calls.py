"""For the tests: makes the calls of a case (xtask/src/examples/cases.rs) on a session."""

from sessions import SessionError

EXACT = 2**53 - 1


def answers(store, session, steps):
    made, other = [], None
    for step in steps:
        call = CALLS[step["call"]]
        try:
            if step["other"] and other is None:
                other = store.attach(session.id)
            result = call(other if step["other"] else session, *map(untagged, step["arguments"]))
            made.append({"result": tagged(result)})
        except KeyError:
            made.append({"absent": True})
        except SessionError as error:
            made.append({"error": error.name})
    return made


def errors(error, steps):
    """The answers where there is no session."""
    return [{"error": error.name}] * len(steps)


def delete(session, key):
    try:
        del session[key]
        return True
    except KeyError:
        return False


def change(session, key, how, value):
    assert how == "append"
    return session.change(key, lambda elements: elements + [value], default=[])


CALLS = {
    "get": lambda session, key: session[key],
    "set": lambda session, key, value: session.__setitem__(key, value),
    "delete": delete,
    "contains": lambda session, key: key in session,
    "len": len,
    "keys": lambda session: list(session),
    "values": lambda session: session.values(),
    "items": lambda session: session.items(),
    "pop": lambda session, key: session.pop(key),
    "update": lambda session, fields: session.update(fields),
    "set-default": lambda session, key, value: session.setdefault(key, value),
    "increment": lambda session, key, by: session.increment(key, by),
    "increment-float": lambda session, key, by: session.increment(key, float(by)),
    "change": change,
    "clear": lambda session: session.clear(),
    "destroy": lambda session: session.destroy(),
    "rotate": lambda session: session.rotate(),
    "restart": lambda session: session.restart(),
    "response-headers": lambda session: session.response_headers(),
}


def untagged(value):
    """`{"$integer": "…"}` is how integers travel that not every language's JSON keeps."""
    match value:
        case {"$integer": digits}:
            return int(digits)
        case dict():
            return {name: untagged(field) for name, field in value.items()}
        case list():
            return [untagged(element) for element in value]
    return value


def tagged(value):
    match value:
        case int() if abs(value) > EXACT:
            return {"$integer": str(value)}
        case dict():
            return {name: tagged(field) for name, field in value.items()}
        case list() | tuple():
            return [tagged(element) for element in value]
    return value
