"""An application with sessions: it counts visits, keeps a cart, and lets its visitors sign in and out."""

import functools
import os

from sessions.guest import Store
from web import Handler, Response, with_session


@functools.cache
def store():
    return Store(os.environ["REDIS_URL"], absolute_lifetime=30 * 24 * 60 * 60)


def visits(request, session):
    session.setdefault("visits", 0)
    session["visits"] += 1
    return {"visits": session["visits"], "user": session.get("user")}


def add_to_cart(request, session):
    return session.change("cart", lambda cart: cart + [request.json()], default=[])


def sign_in(request, session):
    session.rotate(user=request.json())


def sign_out(request, session):
    session.destroy()


ROUTES = {
    ("GET", "/"): visits,
    ("POST", "/cart"): add_to_cart,
    ("POST", "/sign-in"): sign_in,
    ("POST", "/sign-out"): sign_out,
}


class IncomingHandler(Handler):
    def respond(self, request):
        route = ROUTES.get((request.method, request.path))
        if route is None:
            return Response(404, {"error": "not-found"})
        return with_session(
            lambda: store().from_cookie(request.cookies),
            lambda session: Response(200, route(request, session)),
        )
