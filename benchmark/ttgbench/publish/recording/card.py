"""The card of a recorded data set: README.md with the Hub's front matter."""

from __future__ import annotations

from typing import Any

import yaml

NOTICES = {
    "gemma": "Gemma is provided under and subject to the Gemma Terms of Use found at "
    "[ai.google.dev/gemma/terms](https://ai.google.dev/gemma/terms). Whoever trains a model on texts that Gemma wrote "
    "makes a model derivative as these terms define it.",
    "llama": "Built with Llama. Llama is licensed under the Llama Community License, Copyright (c) Meta Platforms, "
    "Inc. Whoever trains a model on texts that Llama wrote must name it as that licence asks.",
}
"""By the beginning of a licence's name: what the licence wants to be said where the model's texts are passed on."""

_BODY = """
# {name}

Recorded generations of language models as nodes of collaboration graphs: every graph of {problems} bounded search
space(s), every question, every universe (independent redraw). Made with ttgbench {package_version}; with it, any graph
of these spaces is evaluated, and any search method run, without a model and with the same result everywhere.

| problem | task | graphs | node keys | questions (search, test) |
| --- | --- | ---: | ---: | ---: |
{rows}

{generations:,} rows, {votes:,} of them votes, which run no model. Universes: {search_universes} for search,
{test_universes} for test. Engines: {engines}.

| model | Hub id | revision | quantisation | licence |
| --- | --- | --- | --- | --- |
{models}

## Files

- `data.parquet`: one row per node key, question and universe: role, model, engine, seed, tokens, finish reason, text,
  and the grades of the text. `started` and `seconds` are zero: no result depends on them.
- `table.csv`: every graph of every problem with its values, so that the optimum is known.
- `anchors.json`: per problem the best single model and the best graph.
- `recording.json`: what was recorded, and the hash of every file.

## Use

```sh
ttgbench store import store.sqlite data.parquet
ttgbench evaluate graph.json --task TASK --store store.sqlite --replay
```

```python
datasets.load_dataset("parquet", data_files="data.parquet")
```

## Licences

The questions are licensed as their tasks say ({task_licences}). The texts were written by the models above, under their
licences.
{notices}"""


def card(manifest: dict[str, Any]) -> str:
    """README.md for a recording with this manifest."""
    licences = sorted({model["licence"] for model in manifest["models"]})
    notices = [
        text for start, text in NOTICES.items() if any(licence.lower().startswith(start) for licence in licences)
    ]
    front = {
        "pretty_name": manifest["name"],
        "license": "other",
        "license_name": "models-licences",
        "license_link": "README.md#licences",
        "language": ["en"],
        "tags": ["ttgbench", "test-time-scaling", "recorded-generations"],
        "configs": [
            {"config_name": "generations", "data_files": "data.parquet", "default": True},
            {"config_name": "table", "data_files": "table.csv"},
        ],
    }
    body = _BODY.format(
        **{**manifest, "problems": len(manifest["problems"]), "engines": ", ".join(manifest["engines"])}
        | {"models": "\n".join(map(_model_row, manifest["models"]))},
        rows="\n".join(map(_problem_row, manifest["problems"])),
        task_licences=", ".join(sorted({problem["task_licence"] for problem in manifest["problems"]})),
        notices="".join(f"\n{notice}\n" for notice in notices),
    )
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n{body}"


def _problem_row(problem: dict[str, Any]) -> str:
    questions = problem["questions"]
    task = f"{problem['task']} (version {problem['task_version']}, grader {problem['grader']})"
    counts = f"{problem['graphs']:,} | {problem['node_keys']:,} | {questions['search']}, {questions['test']}"
    return f"| {problem['name']} | {task} | {counts} |"


def _model_row(model: dict[str, Any]) -> str:
    return (
        "| " + " | ".join(str(model[name]) for name in ("name", "hub_id", "revision", "quantization", "licence")) + " |"
    )
