"""A Hugging Face Hub on 127.0.0.1 for tests: repositories in memory, commits, pull requests, LFS, and trouble to order.

    with LoopbackHub() as hub:
        hub.create("session/results")
        hub.fail("POST", "/commit/", 503, 503)     # the next two commits meet a server error
        hub.race("session/results")                  # somebody else commits just before the next commit
        HfApi(endpoint=hub.url, token=hub.token).create_commit(...)
        hub.files("session/results", "refs/pr/1")    # {"path": b"content"}

It speaks the endpoints that `huggingface_hub` uses for whoami, repo info, preupload, LFS, commit, pull requests, tree
listing and download. Xet must be off (`HF_HUB_DISABLE_XET=1`), as the fixture `hub` sees to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

LFS_SUFFIXES = (".parquet", ".zip", ".bin", ".whl")


class HubError(Exception):
    """An answer that is no success; `code` is the Hub's X-Error-Code."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        self.status, self.message, self.code = status, message, code
        super().__init__(message)


@dataclass
class Repo:
    """One data set or Space: commits by sha, refs, pull requests."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    private: bool = False
    may_write: bool = True

    def commit(self, ref: str, files: dict[str, bytes], message: str) -> str:
        """Makes `files` the content of `ref`; the new sha."""
        text = f"{self.refs.get(ref)}{message}{len(self.commits)}{sorted(files)}"
        sha = hashlib.sha1(text.encode()).hexdigest()
        self.commits[sha], self.refs[ref] = files, sha
        return sha

    def sha(self, revision: str) -> str:
        """The commit that a branch, pull request or sha means."""
        sha = self.refs.get(revision, revision)
        if sha not in self.commits:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha


class LoopbackHub:
    """The server and what a test wants of it. `requests` lists "METHOD path" of everything that was asked."""

    token = "hf_loopback"
    user = "tester"

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.lfs: dict[str, bytes] = {}
        self.requests: list[str] = []
        self._failures: list[tuple[str, str, int]] = []
        self._before_commit: list[Callable[[], None]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LoopbackHub:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def create(self, repo_id: str, files: dict[str, bytes] | None = None, *, private: bool = False) -> str:
        """Makes a data set with these files; sha of its first commit."""
        repo = self.repos[repo_id] = Repo(private=private)
        return repo.commit("main", files or {".gitattributes": b""}, "first")

    def files(self, repo_id: str, revision: str = "main") -> dict[str, bytes]:
        """Path to content."""
        repo = self.repos[repo_id]
        return dict(repo.commits[repo.sha(revision)])

    def put(self, repo_id: str, files: dict[str, bytes], message: str = "more", ref: str = "main") -> str:
        """Somebody else's commit on top of `ref`; its sha."""
        repo = self.repos[repo_id]
        return repo.commit(ref, {**repo.commits[repo.sha(ref)], **files}, message)

    def fail(self, method: str, part: str, *statuses: int) -> None:
        """The next requests whose path contains `part` are answered with these statuses, one each."""
        self._failures += [(method, part, status) for status in statuses]

    def race(self, repo_id: str, times: int = 1) -> None:
        """Just before each of the next commits, somebody else's commit lands on main."""
        for number in range(times):
            path = f"other-{len(self._before_commit)}-{number}.txt"
            self._before_commit.append(lambda path=path: self.put(repo_id, {path: b"other"}) and None)

    # What the endpoints do. Each returns (status, headers, body).

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        path, _, query = target.partition("?")
        self.requests.append(f"{method} {urllib.parse.unquote(path)}")
        for failure in self._failures:
            if failure[0] == method and failure[1] in path:
                self._failures.remove(failure)
                raise HubError(failure[2], "trouble to order")
        auth = (headers.get("Authorization") or "").removeprefix("Bearer ")
        if auth and auth != self.token:
            raise HubError(401, "Invalid credentials in Authorization header")
        for verb, pattern, endpoint, needs_login in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and verb == method:
                if needs_login and not auth:
                    raise HubError(401, "Invalid username or password.")
                values = {name: urllib.parse.unquote(value) for name, value in match.groupdict(default="").items()}
                repo_id = values.pop("repo", None)
                if repo_id is not None:
                    values["repo_id"] = repo_id
                    self._check_access(repo_id, bool(auth))
                return endpoint(self, dict(urllib.parse.parse_qsl(query)), body, **values)
        raise HubError(404, f"no endpoint {method} {path}")

    def _check_access(self, repo_id: str, logged_in: bool) -> None:
        if repo_id not in self.repos or (self.repos[repo_id].private and not logged_in):
            raise HubError(401 if not logged_in else 404, "Repository not found", "RepoNotFound")

    def whoami(self, query: Any, body: bytes) -> Any:
        return _json({"type": "user", "name": self.user, "fullname": "A tester", "orgs": [], "auth": {"type": "x"}})

    def validate_yaml(self, query: Any, body: bytes) -> Any:
        return _json({"errors": [], "warnings": []})

    def create_repo(self, query: Any, body: bytes) -> Any:
        wanted = json.loads(body)
        repo_id = f"{wanted.get('organization') or self.user}/{wanted['name']}"
        if repo_id in self.repos:
            raise HubError(409, "You already created this dataset repo")
        self.create(repo_id)
        return _json({"url": f"{self.url}/{wanted.get('type', 'dataset')}s/{repo_id}"})

    def info(self, query: Any, body: bytes, repo_id: str, revision: str = "") -> Any:
        repo = self.repos[repo_id]
        sha = repo.sha(revision or "main")
        siblings = [{"rfilename": path} for path in sorted(repo.commits[sha])]
        return _json({"id": repo_id, "sha": sha, "private": repo.private, "siblings": siblings, "tags": []})

    def tree(self, query: Any, body: bytes, repo_id: str, revision: str, folder: str = "") -> Any:
        files = self.files(repo_id, revision)
        prefix = f"{folder}/" if folder else ""
        return _json([_entry(path, data) for path, data in sorted(files.items()) if path.startswith(prefix)])

    def paths_info(self, query: Any, body: bytes, repo_id: str, revision: str) -> Any:
        fields = urllib.parse.parse_qs(body.decode())
        wanted = fields.get("paths") or json.loads(body)["paths"]
        files = self.files(repo_id, revision)
        return _json([_entry(path, files[path]) for path in wanted if path in files])

    def preupload(self, query: Any, body: bytes, repo_id: str, revision: str) -> Any:
        self._check_write(repo_id)
        there = self.files(repo_id, revision)
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(LFS_SUFFIXES) else "regular",
                "shouldIgnore": False,
                **({"oid": _oid(file["path"], there[file["path"]])} if file["path"] in there else {}),
            }
            for file in json.loads(body)["files"]
        ]
        return _json({"files": files})

    def lfs_batch(self, query: Any, body: bytes, repo_id: str) -> Any:
        objects = [
            {**wanted, "actions": {"upload": {"href": f"{self.url}/lfs/{wanted['oid']}"}}}
            if wanted["oid"] not in self.lfs
            else wanted
            for wanted in json.loads(body)["objects"]
        ]
        return _json({"transfer": "basic", "objects": objects}, "application/vnd.git-lfs+json")

    def lfs_put(self, query: Any, body: bytes, oid: str) -> Any:
        if hashlib.sha256(body).hexdigest() != oid:
            raise HubError(400, "not the content with this hash")
        self.lfs[oid] = body
        return 200, {}, b""

    def commit(self, query: Any, body: bytes, repo_id: str, revision: str) -> Any:
        self._check_write(repo_id)
        if self._before_commit:
            self._before_commit.pop(0)()
        repo, lines = self.repos[repo_id], [json.loads(line) for line in body.splitlines()]
        header = lines[0]["value"]
        parent, expected = repo.sha(revision), header.get("parentCommit")
        if expected is not None and expected != parent:
            raise HubError(412, "A commit has happened since. Please refresh and try again.")
        files = dict(repo.commits[parent])
        for line in lines[1:]:
            self._apply(files, line["key"], line["value"])
        reply: dict[str, Any] = {"success": True}
        ref = revision
        if query.get("create_pr"):
            number = len(repo.pulls) + 1
            ref = f"refs/pr/{number}"
            title = {"num": number, "title": header["summary"], "description": header.get("description", "")}
            repo.pulls.append({**title, "ref": ref, "parent": parent})
            reply["pullRequestUrl"] = f"{self.url}/datasets/{repo_id}/discussions/{number}"
        sha = repo.commit(ref, files, header["summary"])
        return _json({**reply, "commitOid": sha, "commitUrl": f"{self.url}/datasets/{repo_id}/commit/{sha}"})

    def _apply(self, files: dict[str, bytes], key: str, value: dict[str, Any]) -> None:
        if key == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif key == "lfsFile":
            if value["oid"] not in self.lfs:
                raise HubError(400, f"LFS pointer to {value['oid']}, which was not uploaded")
            files[value["path"]] = self.lfs[value["oid"]]
        elif key == "deletedFile":
            files.pop(value["path"], None)
        else:
            raise HubError(400, f"unknown operation {key}")

    def _check_write(self, repo_id: str) -> None:
        if not self.repos[repo_id].may_write:
            raise HubError(403, "Forbidden: you do not have write access")

    def discussions(self, query: Any, body: bytes, repo_id: str) -> Any:
        pulls = [
            {
                "num": pull["num"],
                "title": pull["title"],
                "status": "open",
                "isPullRequest": True,
                "author": {"name": self.user},
                "createdAt": "2026-01-01T00:00:00.000Z",
                "repo": {"name": repo_id, "type": "dataset"},
            }
            for pull in reversed(self.repos[repo_id].pulls)
        ]
        return _json({"discussions": pulls, "count": len(pulls), "start": 0})

    def resolve(self, query: Any, body: bytes, repo_id: str, revision: str, path: str) -> Any:
        sha = self.repos[repo_id].sha(revision)
        data = self.files(repo_id, sha).get(path)
        if data is None:
            raise HubError(404, "Entry not found", "EntryNotFound")
        return (
            200,
            {"X-Repo-Commit": sha, "ETag": f'"{_oid(path, data)}"', "Content-Type": "application/octet-stream"},
            data,
        )


_REPO = r"(?P<repo>[^/]+/[^/]+)"
_KIND = "(?:datasets|spaces)"
_REVISION = r"(?P<revision>[^/]+|refs/pr/\d+)"
_ROUTES: list[tuple[str, str, Callable[..., Any], bool]] = [
    ("GET", "/api/whoami-v2", LoopbackHub.whoami, True),
    ("POST", "/api/validate-yaml", LoopbackHub.validate_yaml, False),
    ("POST", "/api/repos/create", LoopbackHub.create_repo, True),
    ("GET", f"/api/{_KIND}/{_REPO}", LoopbackHub.info, False),
    ("GET", f"/api/models/{_REPO}", LoopbackHub.info, False),
    ("GET", f"/api/{_KIND}/{_REPO}/revision/{_REVISION}", LoopbackHub.info, False),
    ("GET", f"/api/{_KIND}/{_REPO}/tree/{_REVISION}(/(?P<folder>.+))?", LoopbackHub.tree, False),
    ("POST", f"/api/{_KIND}/{_REPO}/paths-info/{_REVISION}", LoopbackHub.paths_info, False),
    ("GET", f"/api/{_KIND}/{_REPO}/discussions", LoopbackHub.discussions, False),
    ("POST", f"/api/{_KIND}/{_REPO}/preupload/{_REVISION}", LoopbackHub.preupload, True),
    ("POST", rf"/{_KIND}/{_REPO}\.git/info/lfs/objects/batch", LoopbackHub.lfs_batch, True),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", LoopbackHub.lfs_put, False),
    ("POST", f"/api/{_KIND}/{_REPO}/commit/{_REVISION}", LoopbackHub.commit, True),
    ("GET", f"/{_KIND}/{_REPO}/resolve/{_REVISION}/(?P<path>.+)", LoopbackHub.resolve, False),
    ("HEAD", f"/{_KIND}/{_REPO}/resolve/{_REVISION}/(?P<path>.+)", LoopbackHub.resolve, False),
    ("GET", f"/{_REPO}/resolve/{_REVISION}/(?P<path>.+)", LoopbackHub.resolve, False),
    ("HEAD", f"/{_REPO}/resolve/{_REVISION}/(?P<path>.+)", LoopbackHub.resolve, False),
]


def _json(data: Any, kind: str = "application/json") -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": kind}, json.dumps(data).encode()


def _git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _oid(path: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if path.endswith(LFS_SUFFIXES) else _git_oid(data)


def _entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": _git_oid(data)}
    if path.endswith(LFS_SUFFIXES):
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry


def _handler(hub: LoopbackHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self._body()
            try:
                status, headers, content = hub.answer(self.command, self.path, self.headers, body)
            except HubError as error:
                content = json.dumps({"error": error.message}).encode()
                status, headers = error.status, {"Content-Type": "application/json", "X-Error-Message": error.message}
                if error.code:
                    headers["X-Error-Code"] = error.code
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
