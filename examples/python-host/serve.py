"""Serves a WSGI application on 127.0.0.1, each request on a thread of its own: for development."""

import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *arguments):
        pass


def serve(application):
    port = int(os.environ.get("PORT", 8080))
    with make_server("127.0.0.1", port, application, Server, Quiet) as server:
        print(f"Serving HTTP on http://127.0.0.1:{server.server_port}/", file=sys.stderr, flush=True)
        server.serve_forever()
