"""From JSON text, which may be anything, to the nodes and edges of a graph, and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from ttgbench.errors import GraphError, GraphIssue
from ttgbench.graphs.rules import Findings, RoleRule, name_problem, shown

SCHEMA = 1
MAX_BYTES = 1 << 20
"""Size of the largest graph JSON that is parsed."""

FIELDS = ("schema", "nodes", "edges")
NODE_FIELDS = ("id", "role", "model")


def parse(text: str | bytes, source: object) -> Any:
    """JSON text as Python objects; stricter than json.loads. Raises GraphError of one issue."""

    def refuse(rule: str, message: str) -> NoReturn:
        raise GraphError([GraphIssue(None, rule, message)], source=source)

    def fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        known: dict[str, Any] = {}
        for name, value in pairs:
            if name in known:
                refuse("duplicate-field", f"one object has the field {shown(name)} twice")
            known[name] = value
        return known

    if len(text) > MAX_BYTES:
        refuse("too-large", f"a graph is at most {MAX_BYTES:,} bytes of JSON, this is {len(text):,}")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(
            text,
            object_pairs_hook=fields,
            parse_constant=lambda name: refuse("not-json", f"{name} is not JSON"),
        )
    except UnicodeDecodeError as error:
        refuse("not-json", f"not UTF-8 text: {error.reason} at byte {error.start}")
    except json.JSONDecodeError as error:
        refuse("not-json", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except ValueError:  # an integer of thousands of digits
        refuse("not-json", "a number in it has too many digits")
    except RecursionError:
        refuse("not-json", "lists or objects in it are nested too deeply")


def read(data: Any, roles: Mapping[str, RoleRule], models: Collection[str] | None) -> Findings:
    """Nodes and edges of the JSON form, with every rule that it breaks."""
    findings = Findings(roles, models)
    if not isinstance(data, Mapping):
        findings.add(None, "type", f"a graph is an object with the fields {', '.join(FIELDS)}, not {shown(data)}")
        return findings
    for field in FIELDS:
        if field not in data:
            findings.add(None, "missing-field", f"the field {field!r} is missing")
    _refuse_other_fields(findings, None, "graph", data, FIELDS)
    if "schema" in data and (type(data["schema"]) is not int or data["schema"] != SCHEMA):
        findings.add(None, "schema", f"schema must be the number {SCHEMA}, the only version there is")
    nodes, edges = (_list(findings, field, data.get(field, ())) for field in ("nodes", "edges"))
    if findings.sizes_fit(len(nodes), len(edges)):
        for i, node in enumerate(nodes):
            _read_node(findings, f"nodes[{i}]", node)
        findings.take_edges(edges)
        if "nodes" in data:
            findings.check_wiring()
    return findings


def _list(findings: Findings, field: str, value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    findings.add(None, "type", f"{field} must be a list, not {shown(value)}")
    return ()


def _read_node(findings: Findings, where: str, node: Any) -> None:
    if not isinstance(node, Mapping):
        findings.add(None, "type", f"{where}: a node is an object with id, role and model, not {shown(node)}")
    elif "id" not in node:
        findings.add(None, "missing-field", f"{where}: the field 'id' is missing")
    else:
        if name_problem(node["id"]) is None:
            _refuse_other_fields(findings, node["id"], f"node {node['id']!r}", node, NODE_FIELDS)
        findings.take_node(where, node["id"], node.get("role"), node.get("model"))


def _refuse_other_fields(
    findings: Findings, node: str | None, where: str, data: Mapping[Any, Any], known: tuple[str, ...]
) -> None:
    for field in data:
        if field not in known:
            findings.add(node, "unknown-field", f"{where}: unknown field {shown(field)}; known: {', '.join(known)}")


def write(nodes: Iterable[tuple[str, str, str | None]], edges: Iterable[tuple[str, str]]) -> str:
    """One line of ASCII. nodes: (id, role, model).

    The text of json.dumps, put together by hand: every key hashes it, and a search makes thousands of them.
    """
    rows = [
        f'{{"id":{_quoted(name)},"role":{_quoted(role)}}}'
        if model is None
        else f'{{"id":{_quoted(name)},"role":{_quoted(role)},"model":{_quoted(model)}}}'
        for name, role, model in nodes
    ]
    pairs = [f"[{_quoted(source)},{_quoted(target)}]" for source, target in edges]
    return f'{{"schema":{SCHEMA},"nodes":[{",".join(rows)}],"edges":[{",".join(pairs)}]}}'


_quoted = lru_cache(maxsize=4096)(json.dumps)
