"""A hub in a thread, for tests: the paths, headers and errors of the Hugging Face Hub, by HTTP.

Large files are redirected to another host name, as the hub does to its content network, and it can
be told to fail: cut connections, refuse, answer without a part.
"""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "a" * 40
TOKEN = "hf_valid"


class LocalHub:
    """Repositories by ("dataset" or "model", id), each a dict of file name -> bytes."""

    def __init__(self):
        self.repos = {}
        self.gated = set()  # ids that need TOKEN
        self.denied = set()  # ids whose terms nobody has accepted
        self.cuts = {}  # file name -> bytes after which its next answers break off, one each
        self.short = {}  # file name -> lengths of its next answers, whole as far as HTTP can tell
        self.commit = COMMIT  # of main; earlier ones stay
        self.commits = {COMMIT}
        self.hashes = {}  # file name -> a hash that the hub gives instead of the right one
        self.ranges = True
        self.failures = []  # statuses of the next answers
        self.log = []  # (method, path, range, authorization) of every request
        self.web = {}  # path -> bytes, outside of any repository
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def fetched(self, name):
        """The ranges of a large file that were sent (None: all of it)."""
        return [
            asked
            for method, path, asked, _ in self.log
            if method == "GET" and path.startswith("/cdn/") and path.endswith(name)
        ]

    def _handler(hub):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # head and body in one packet

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.respond()

            def do_GET(self):
                self.respond()

            def respond(self):
                path = self.path.split("?")[0]
                about = (self.headers["Range"], self.headers["Authorization"])
                hub.log.append((self.command, path, *about))
                if hub.failures:
                    return self.answer(hub.failures.pop(0))
                if path in hub.web:
                    return self.answer(200, hub.web[path])
                if path.startswith("/cdn/"):
                    kind, owner, repo, name = path.removeprefix("/cdn/").split("/", 3)
                    return self.content(name, hub.repos[kind, f"{owner}/{repo}"][name])
                info = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/[^/]+)?", path)
                if info and info[1] in hub.gated:
                    return self.answer(401, error="GatedRepo")
                if info and ("model", info[1]) not in hub.repos:
                    return self.answer(401, error="RepoNotFound")
                if info:
                    files = hub.repos["model", info[1]]
                    siblings = [{"rfilename": n, "size": len(d)} for n, d in files.items()]
                    about = {"id": info[1], "sha": hub.commit, "siblings": siblings}
                    return self.answer(200, json.dumps(about).encode())
                api = re.fullmatch(r"/api/(dataset|model)s/([^/]+/[^/]+)/tree/([^/]+)", path)
                if api and (files := hub.repos.get(api.group(1, 2))):
                    tree = [
                        {"type": "file", "oid": "0" * 40, "size": len(data), "path": name}
                        for name, data in files.items()
                    ]
                    return self.answer(200, json.dumps(tree).encode())
                if path.startswith("/api/"):  # a folder in a repository: none has any
                    return self.answer(404, error="EntryNotFound")
                file = re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
                if not file:
                    return self.answer(404)
                kind, repo, revision, name = file.groups()
                kind = "dataset" if kind else "model"
                files = hub.repos.get((kind, repo))
                if files is None:
                    return self.answer(401, error="RepoNotFound")
                if repo in hub.gated and self.headers["Authorization"] != f"Bearer {TOKEN}":
                    return self.answer(401, error="GatedRepo")
                if repo in hub.denied:
                    return self.answer(403, error="GatedRepo")
                hub.commits.add(hub.commit)
                if revision not in ("main", *hub.commits):
                    return self.answer(404, error="RevisionNotFound")
                if name not in files:
                    return self.answer(404, error="EntryNotFound")
                data = files[name]
                digest = hub.hashes.get(name, hashlib.sha256(data).hexdigest())
                commit = hub.commit if revision == "main" else revision
                headers = {"X-Repo-Commit": commit}
                if name.endswith(".md"):  # small files are git's own: their hash is of another kind
                    return self.content(name, data, headers | {"ETag": f'"{digest[:40]}"'})
                headers |= {"X-Linked-Size": str(len(data)), "X-Linked-ETag": f'"{digest}"'}
                port = hub.server.server_port
                headers["Location"] = f"http://localhost:{port}/cdn/{kind}/{repo}/{name}"
                self.answer(302, headers=headers)

            def content(self, name, data, headers=None):
                headers = {"Accept-Ranges": "bytes", **(headers or {})}
                status, part = 200, data
                # What is compressed on the way comes whole, whatever part is asked for.
                plain = self.headers["Accept-Encoding"] == "identity"
                if hub.ranges and plain and (asked := self.headers["Range"]):
                    start, stop = re.fullmatch(r"bytes=(\d+)-(\d*)", asked).groups()
                    part = data[int(start) : int(stop) + 1 if stop else None]
                    status = 206
                    last = int(start) + len(part) - 1
                    headers["Content-Range"] = f"bytes {start}-{last}/{len(data)}"
                if self.command == "GET" and hub.short.get(name):
                    part = part[: hub.short[name].pop(0)]
                cut = None
                if self.command == "GET" and hub.cuts.get(name):
                    cut = hub.cuts[name].pop(0)
                self.answer(status, part, headers=headers, cut=cut)

            def answer(self, status, data=b"", *, error=None, headers=None, cut=None):
                self.send_response(status)
                for key, value in (headers or {}).items():
                    self.send_header(key, value)
                if error:
                    self.send_header("X-Error-Code", error)
                    self.send_header("X-Error-Message", error)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data if cut is None else data[:cut])
                if cut is not None and cut < len(data):
                    self.close_connection = True

        return Handler
