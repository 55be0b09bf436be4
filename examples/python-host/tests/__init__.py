"""Run by `cargo xtask examples python-host`, which starts the Redis at REDIS_URL."""

import os
from urllib.parse import urlsplit

URL = os.environ["REDIS_URL"]
ADDRESS = {"host": urlsplit(URL).hostname, "port": urlsplit(URL).port}
