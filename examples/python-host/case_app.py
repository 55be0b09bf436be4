"""For the tests: answers a case (xtask/src/examples/cases.rs) by the component within this process."""

import json

from case_calls import answers, errors
from drsession_host import Store
from serve import serve
from sessions import SessionError


def application(environ, start_response):
    case = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    try:
        store = Store(case["url"])
    except SessionError as error:
        return respond(errors(error, case["steps"]), [], start_response)
    try:
        session = store.from_cookie([environ.get("HTTP_COOKIE", "").encode("latin-1")])
        made = answers(store, session, case["steps"])
        return respond(made, session.response_headers(), start_response)
    finally:
        store.close()


def respond(made, headers, start_response):
    start_response("200 OK", [("content-type", "application/json"), *headers])
    return [json.dumps({"answers": made}).encode()]


serve(application)
