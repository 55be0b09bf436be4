"""The original drsession, with redis-py, and the component on one session at once."""

import io
import unittest
from concurrent.futures import ThreadPoolExecutor

import drsession
import redis

from drsession_host import SessionMiddleware, Store

from . import ADDRESS, URL

VALUES = {
    "int": 7,
    "least": -(2**63),
    "float": 0.5,
    "text": 'ünï "tea" 🍵',
    "list": [1, None, {"a": True}],
    "none": None,
    "no": False,
}


class OneSession(unittest.TestCase):
    def setUp(self):
        self.redis = redis.Redis(**ADDRESS)
        self.addCleanup(self.redis.close)
        self.original = drsession.SessionMiddleware(None, redis_server=self.redis)
        self.store = Store(URL)
        self.addCleanup(self.store.close)

    def both(self):
        """The original's handle and ours on one session, which the original has begun."""
        id = self.original.gen_session_id()
        theirs = self.original._build_session(id)
        theirs["begun"] = True
        return theirs, self.store.attach(id)

    def test_each_reads_what_the_other_wrote(self):
        theirs, ours = self.both()
        for writer, reader in ((theirs, ours), (ours, theirs)):
            for key, value in VALUES.items():
                writer[key] = value
            for key, value in VALUES.items():
                self.assertEqual(reader.get(key), value)
                self.assertEqual(type(reader.get(key)), type(value))
                self.assertIn(key, reader)
            for key in VALUES:
                del writer[key]
                self.assertNotIn(key, reader)

    def test_both_count_on_one_counter(self):
        theirs, ours = self.both()
        ours.increment("n")
        for number in range(10):
            theirs["n"] += 1
            ours["n"] += 2
            ours.increment("n", 3)
        self.assertEqual((theirs["n"], ours["n"]), (61, 61))

    def test_our_lists_are_without_the_reserved_fields_that_the_original_sees(self):
        theirs, ours = self.both()
        ours["a"] = 1
        self.assertEqual(sorted(ours), ["a", "begun"])
        self.assertEqual((len(ours), len(theirs)), (2, 3))
        self.assertEqual(sorted(theirs.keys()), ["\0created", "a", "begun"])
        self.assertIsInstance(dict(theirs.items())["\0created"], int)

    def test_the_original_lives_on_with_a_lifetime_from_us(self):
        theirs, ours = self.both()
        self.assertEqual(self.redis.ttl(theirs.base_key), -1)
        self.assertTrue(ours["begun"])
        self.assertGreater(self.redis.ttl(theirs.base_key), 0)

    def test_what_the_original_writes_on_an_ended_session_nobody_of_us_sees(self):
        theirs, ours = self.both()
        ours.destroy()
        theirs["late"] = 1
        with self.assertRaisesRegex(Exception, "^gone$"):
            ours.get("late")

    def test_without_guard_the_bytes_are_the_original_s(self):
        store = Store(URL, guard=False, idle_lifetime=None)
        self.addCleanup(store.close)
        ours = store.from_cookie([])
        theirs = self.original._build_session(self.original.gen_session_id())
        for session in (theirs, ours):
            for key, value in VALUES.items():
                session[key] = value
            session["int"] += 1
        key = f"drsession:{ours.id}"
        self.assertEqual(self.redis.hgetall(key), self.redis.hgetall(theirs.base_key))
        self.assertEqual(self.redis.ttl(key), -1)


class Middleware(unittest.TestCase):
    def test_a_visitor_of_the_original_stays_signed_in_and_gets_the_new_cookie_when_it_rotates(self):
        def sign_in(environ, start_response):
            environ["drsession"]["user"] = "ada"
            start_response("200 OK", [])
            return []

        original = drsession.SessionMiddleware(sign_in, redis_kwargs=dict(ADDRESS), connection_pool_kwargs=ADDRESS)
        [cookie] = request(original)
        self.assertTrue(cookie.startswith("drsession="))
        id = cookie.split(";")[0]

        seen = []

        def show(environ, start_response):
            session = environ["drsession"]
            seen.append(session.get("user"))
            if environ["PATH_INFO"] == "/rotate":
                session.rotate()
            start_response("200 OK", [])
            return []

        settings = {"cookie": "__Host-id", "former_cookie_names": ["drsession"]}
        moved = SessionMiddleware(show, redis_kwargs=ADDRESS, **settings)
        self.assertEqual(request(moved, id), [])
        removal, cookie = sorted(request(moved, id, "/rotate"), key=lambda cookie: "__Host-id=" in cookie)
        self.assertTrue(removal.startswith("drsession=;"), removal)
        self.assertNotIn(id.removeprefix("drsession="), cookie)
        self.assertEqual(request(moved, cookie.split(";")[0]), [])
        self.assertEqual(seen, ["ada", "ada", "ada"])

    def test_every_argument_of_the_original_works_or_is_refused_by_name(self):
        def count(environ, start_response):
            environ["session"].increment("n")
            start_response("200 OK", [])
            return []

        works = {"prefix": "shop:", "cookie": "shop", "env": "session", "redis_kwargs": {**ADDRESS, "db": 1}}
        [cookie] = request(SessionMiddleware(count, **works, connection_pool_kwargs=None))
        name, id = cookie.split(";")[0].split("=")
        self.assertEqual(name, "shop")
        with redis.Redis(**ADDRESS, db=1) as client:
            self.assertEqual(client.hget(f"shop:{id}", "n"), b"1")

        for argument in ("redis_server", "connection_pool", "loads", "dumps", "gen_session_id"):
            with self.assertRaisesRegex(TypeError, argument):
                SessionMiddleware(count, **{argument: object()})
        with self.assertRaisesRegex(TypeError, "retry_on_timeout"):
            SessionMiddleware(count, redis_kwargs={"retry_on_timeout": True})

    def test_an_application_that_raises_costs_no_one_else_their_session(self):
        def application(environ, start_response):
            environ["drsession"]["a"] = 1
            if environ["PATH_INFO"] == "/raise":
                raise RuntimeError
            start_response("200 OK", [])
            return []

        middleware = SessionMiddleware(application, redis_kwargs=ADDRESS)
        with self.assertRaises(RuntimeError):
            request(middleware, path="/raise")
        self.assertEqual(len(request(middleware)), 1)

    def test_parallel_requests_of_one_visitor_are_all_counted(self):
        def count(environ, start_response):
            environ["drsession"]["n"] += 1
            start_response("200 OK", [])
            return []

        def begin(environ, start_response):
            environ["drsession"]["n"] = 0
            start_response("200 OK", [])
            return []

        [cookie] = request(SessionMiddleware(begin, redis_kwargs=ADDRESS))
        cookie = cookie.split(";")[0]
        counting = SessionMiddleware(count, redis_kwargs=ADDRESS)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: request(counting, cookie), range(200)))
        with redis.Redis(**ADDRESS) as client:
            self.assertEqual(client.hget(f"drsession:{cookie.removeprefix('drsession=')}", "n"), b"200")


def request(application, cookie=None, path="/"):
    """The `Set-Cookie` headers of one request's answer."""
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()}
    if cookie:
        environ["HTTP_COOKIE"] = cookie
    answered = []
    body = application(environ, lambda status, headers, *exc_info: answered.extend(headers))
    for _ in body:
        pass
    if hasattr(body, "close"):
        body.close()
    return [value for name, value in answered if name.lower() == "set-cookie"]
