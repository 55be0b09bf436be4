"""Counts its visitors' visits, and lets them sign in and out. The counts are in sessions, and the sessions in Redis."""

import json

import session as sessions
from componentize_py_async_support import spawn
from componentize_py_types import Err, Ok
from wit_world import byte_stream, exports
from wit_world import result_option_wasi_http_types_fields_wasi_http_types_error_code_future as trailers_future
from wit_world import result_unit_wasi_http_types_error_code_future as result_future
from wit_world.imports import drsession_session_types as types
from wit_world.imports.session_async import Session
from wit_world.imports.wasi_http_types import Fields, Method, Method_Get, Method_Post, Request, Response

# The longest body that is read, in bytes.
BODY_LIMIT = 64 * 1024


class Handler(exports.Handler):
    """What the host calls."""

    async def handle(self, request: Request) -> Response:
        session = sessions.of(request)
        try:
            status, body = await answer(session, request)
        except Err as error:
            # It holds no secrets: no id, no password, no value.
            status, body = failure(error.value), {"error": type(error.value).__name__}
        # Asked for last: only now it is known whether there is a cookie to set.
        return respond(status, body, sessions.headers(session) if session else [])


async def answer(session: Session | None, request: Request) -> tuple[int, dict]:
    match request.get_method(), request.get_path_with_query(), session:
        case Method_Get(), "/api/session", None:
            return 200, {"user": None, "visits": 0}
        case Method_Post(), _, None:
            return 403, {"error": "no session"}
        case Method_Get(), "/api/session", session:
            user, visits = await session.get_many(["user", "visits"])
            return 200, {"user": user and json.loads(user), "visits": int(visits or 0)}
        case Method_Post(), "/api/visits", session:
            return 200, {"visits": await session.increment("visits", 1)}
        case Method_Post(), "/api/login", session:
            user = user_of(await read(request))
            if user is None:
                return 400, {"error": "a user is wanted"}
            # Signing in is a change of privilege: a new id, and the field, in one step. A real application would look at
            # a password first.
            await session.rotate([types.Operation_Set(("user", json.dumps(user)))])
            return 200, {"user": user}
        case Method_Post(), "/api/logout", session:
            await session.destroy()
            return 200, {"user": None}
    return 404, {"error": "nothing here"}


def failure(error: types.Error) -> int:
    match error:
        case types.Error_Gone():
            return 401
        case types.Error_Rotated():
            return 409
        case types.Error_Unavailable() | types.Error_Busy() | types.Error_OutcomeUnknown():
            return 503
    return 500


def user_of(body: bytes) -> str | None:
    """The user that the body names. What is raised here and not caught would end every request of this instance."""
    try:
        user = json.loads(body)["user"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return user if isinstance(user, str) else None


async def read(request: Request) -> bytes:
    _, result = result_future(lambda: Ok(None))
    stream, _ = Request.consume_body(request, result)
    body = b""
    with stream:
        while not stream.writer_dropped and len(body) <= BODY_LIMIT:
            body += await stream.read(BODY_LIMIT)
    return body


def respond(status: int, body: dict, session_headers: list[tuple[str, str]]) -> Response:
    headers = Fields()
    for name, value in [("content-type", "application/json"), *session_headers]:
        headers.append(name, value.encode())
    writer, contents = byte_stream()
    _, trailers = trailers_future(lambda: Ok(None))
    response, _ = Response.new(headers, contents, trailers)
    response.set_status_code(status)
    # asyncio.create_task would not keep the request's task alive until all is written.
    spawn(write(writer, json.dumps(body).encode()))
    return response


async def write(writer, body: bytes) -> None:
    with writer:
        await writer.write_all(body)
