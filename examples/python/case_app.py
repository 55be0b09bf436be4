"""For the tests: an application that answers a case (xtask/src/examples/cases.rs)."""

from case_calls import answers, errors
from sessions import SessionError
from sessions.guest import Store
from web import Handler, Response, with_session


class IncomingHandler(Handler):
    def respond(self, request):
        case = request.json()
        try:
            store = Store(case["url"])
        except SessionError as error:
            return Response(200, {"answers": errors(error, case["steps"])})
        return with_session(
            lambda: store.from_cookie(request.cookies),
            lambda session: Response(200, {"answers": answers(store, session, case["steps"])}),
        )
