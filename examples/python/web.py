"""Just enough of a web framework: requests and responses of `wasi:http`, and a session for each."""

import json
import sys
import traceback
from dataclasses import dataclass, field

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import streams, wasi_http_types as http

from sessions import SessionError, errors

CHUNK = 4096
STATUS = {errors.Gone: 401, errors.Rotated: 409, errors.Unavailable: 503, errors.Busy: 503, errors.OutcomeUnknown: 503}


@dataclass
class Request:
    method: str
    path: str
    cookies: list
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Response:
    status: int
    value: object
    headers: list = field(default_factory=list)


def with_session(open_session, respond):
    """What `respond(session)` answers, with the headers that the session needs: whether all goes well or not."""
    try:
        session = open_session()
    except SessionError as error:
        return problem(error)
    try:
        response = respond(session)
    except SessionError as error:
        response = problem(error)
    except Exception:
        traceback.print_exc()
        response = Response(500, {"error": "internal"})
    response.headers += session.response_headers()
    return response


def problem(error):
    # Not to the client: what it says is the operator's concern.
    print(error, file=sys.stderr)
    return Response(STATUS.get(type(error), 500), {"error": error.name})


class Handler(exports.IncomingHandler):
    """Answers requests by `respond`, which an application has."""

    def respond(self, request):
        raise NotImplementedError

    def handle(self, request, response_out):
        send(self.respond(receive(request)), response_out)


def receive(request):
    method = type(request.method()).__name__.removeprefix("Method_").upper()
    path = (request.path_with_query() or "/").split("?")[0]
    return Request(method, path, request.headers().get("cookie"), read(request.consume()))


def read(body):
    with body, body.stream() as stream:
        chunks = bytearray()
        while True:
            try:
                chunks += stream.blocking_read(CHUNK)
            except Err as err:
                if isinstance(err.value, streams.StreamError_Closed):
                    return bytes(chunks)
                raise


def send(response, response_out):
    headers = [("content-type", "application/json"), *response.headers]
    outgoing = http.OutgoingResponse(http.Fields.from_list([(name, value.encode()) for name, value in headers]))
    outgoing.set_status_code(response.status)
    body = outgoing.body()
    http.ResponseOutparam.set(response_out, Ok(outgoing))
    text = json.dumps(response.value).encode()
    with body.write() as stream:
        for start in range(0, len(text), CHUNK):
            stream.blocking_write_and_flush(text[start : start + CHUNK])
    http.OutgoingBody.finish(body, None)
