"""A WSGI application with sessions: bottle, and the middleware around it."""

import os

import bottle

from drsession_host import SessionMiddleware
from serve import serve
from sessions import SessionError, errors

STATUS = {errors.Gone: 401, errors.Rotated: 409, errors.Unavailable: 503, errors.OutcomeUnknown: 503}

app = bottle.Bottle()


@app.install
def problems(route):
    """Answers a session's error with the status that suits."""

    def answer(*arguments, **named):
        try:
            return route(*arguments, **named)
        except SessionError as error:
            return bottle.HTTPResponse({"error": error.name}, STATUS.get(type(error), 500))

    return answer


@app.get("/")
def visits():
    session = bottle.request.environ["drsession"]
    return {"visits": session.increment("visits"), "user": session.get("user")}


@app.post("/cart")
def add_to_cart():
    session = bottle.request.environ["drsession"]
    item = bottle.request.json
    return {"cart": session.change("cart", lambda cart: cart + [item], default=[])}


@app.post("/sign-in")
def sign_in():
    bottle.request.environ["drsession"].rotate(user=bottle.request.json)


@app.post("/sign-out")
def sign_out():
    bottle.request.environ["drsession"].destroy()


if __name__ == "__main__":
    redis = {"host": "127.0.0.1", "port": int(os.environ.get("REDIS_PORT", 6379))}
    serve(SessionMiddleware(app, cookie="__Host-id", former_cookie_names=["drsession"], redis_kwargs=redis))
