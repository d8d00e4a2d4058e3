"""What stands in for OpenSearch: keeps documents, knows the few kinds of questions we ask."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class StandIn:
    """Indexes by name: settings, mapping, documents. `asked` holds every request's body."""

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, Any]] = {}
        self.aliases: dict[str, str] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.is_down = False
        self.url = ""

    def index(self, name: str) -> dict[str, Any]:
        return self.indexes[self.aliases.get(name, name)]

    def answer(self, method: str, address: str, body: str) -> tuple[int, Any]:
        self.asked.append((method, address, body))
        if self.is_down:
            return 503, {}
        url = urlsplit(address)
        match method, *url.path.strip("/").split("/"):
            case "PUT", name:
                self.indexes[name] = {**json.loads(body), "properties": {}, "documents": {}}
            case "HEAD", "_alias", name:
                return (200 if name in self.aliases else 404), {}
            case "GET", "_alias", name:
                return 200, {self.aliases[name]: {}}
            case "PUT", name, "_alias" | "_aliases", alias:
                self.aliases[alias] = name
            case "PUT", name, "_mapping":
                self.index(name)["properties"] |= json.loads(body)["properties"]
            case "DELETE", name:
                return (200 if self.indexes.pop(name, None) else 404), {}
            case "POST", name, "_bulk":
                return self._keep_many(name, body)
            case "PUT" | "POST", name, "_doc", key:
                self.index(name)["documents"][key] = json.loads(body)
            case "DELETE", name, "_doc", key:
                self.index(name)["documents"].pop(key, None)
            case "POST", name, "_search":
                return self._search(name, json.loads(body), parse_qs(url.query))
            case "POST", _, "_refresh":
                pass
            case _:
                raise AssertionError(f"{method} {address} is not known here")
        return 200, {"acknowledged": True}

    def _keep_many(self, name: str, body: str) -> tuple[int, Any]:
        lines = [json.loads(line) for line in body.splitlines()]
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            self.index(name)["documents"][action["index"]["_id"]] = document
        done = [{"index": {"_id": action["index"]["_id"], "status": 201}} for action in lines[::2]]
        return 200, {"errors": False, "items": done}

    def _search(self, name: str, body: Any, told: dict[str, list[str]]) -> tuple[int, Any]:
        index = self.index(name)
        found = [each for each in index["documents"].values() if _fits(body["query"], each, index)]
        hits = [{"fields": {"pk": [each["pk"]]}, "_score": 1.0} for each in found]
        return 200, {"hits": {"hits": hits[: int(told["size"][0])]}}


def _fits(query: Any, document: Any, index: Any) -> bool:
    [(kind, told)] = query.items()
    if kind == "bool":
        wanted = [each for part in ("must", "filter") for each in _several(told.get(part, []))]
        should = [_fits(each, document, index) for each in told.get("should", [])]
        enough = sum(should) >= told.get("minimum_should_match", 0)
        return enough and all(_fits(each, document, index) for each in wanted)
    if kind == "multi_match":
        fields = [each.split("^")[0] for each in told["fields"]]
        assert told["operator"] == "and"
        asked = set(told["query"].split())
        return any(asked <= _words(document, field, index) for field in fields)
    [(field, value)] = told.items()
    if field == "_django_content_type":
        return bool({*_several(value)} & {*document[field]})
    words = _words(document, field, index)
    if kind == "match":
        assert value["operator"] == "and"
        return set(value["query"].split()) <= words
    if kind == "prefix":
        return any(word.startswith(value) for word in words)
    assert kind == "term", kind
    return value in words


def _words(document: Any, field: str, index: Any) -> set[str]:
    """As the analyzer that the mapping names would part the field, and what is copied to it."""
    analyzer = index["properties"][field]["analyzer"]
    told = index["settings"]["analysis"]["analyzer"][analyzer]
    assert told["tokenizer"] == "whitespace"
    texts = [*_texts(document.get(field)), *_copied(document, field, index["properties"])]
    words = {word for text in texts for word in text.split()}
    if "edgengram" in told["filter"]:
        words = {word[:end] for word in words for end in range(1, min(len(word), 15) + 1)}
    return words


def _copied(document: Any, target: str, properties: Any) -> Iterator[str]:
    for name, about in properties.items():
        for part in _several(document.get(name) or []):
            if about["type"] == "nested":
                yield from _copied(part, target, about["properties"])
            elif target in _several(about.get("copy_to", [])):
                yield from _texts(part)


def _texts(value: Any) -> list[str]:
    return [each for each in _several(value or []) if isinstance(each, str)]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@contextmanager
def standing_in() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one go: else each answer waits 40 ms for a receipt

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, said = stand_in.answer(self.command, self.path, body)
            told = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *told: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    yield stand_in
    server.shutdown()
    server.server_close()
    thread.join()
