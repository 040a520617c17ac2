"""Do our grades agree with lm-eval's own, on the same model's answers to the same questions?

    pip install 'lm-eval[api]'
    python benchmark/checks/lm_eval_grades.py --data-dir DIR [--questions 40] [--tokens 256] [--task gsm8k ...]

lm-eval runs its own task files (its filters, its metrics) through its `local-chat-completions` client against the
loopback server of the embedded model; only the prompt is ours, so that both sides ask the same. Then our single-node
graph asks the same server, at temperature 0 and one request at a time. Printed: on how many questions both received the
same text, and the same grade; each difference with what either side extracted. DIR holds gsm8k_test.jsonl,
math_test.jsonl and mmlu_test.jsonl in the schemas of the Hub.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.tasks import TaskManager

from ttgbench.engines.base import Request, Sampling
from ttgbench.engines.client import OpenAIEngine
from ttgbench.engines.llama_cpp import LlamaCppEngine
from ttgbench.evaluate.prompts import render
from ttgbench.models.pool import load_pool
from ttgbench.tasks.folder import LmEvalTask, load_task
from ttgbench.tasks.task import CORRECT

MODEL = "smollm2-135m"
THEIRS = Path(lm_eval.__file__).parent / "tasks"
# Their file, what of it the prompt replaces, and which of their filters and metrics gives the verdict.
FILES = {
    "gsm8k": ("gsm8k/gsm8k.yaml", "{{question}}", "flexible-extract", "exact_match"),
    "math500": ("minerva_math/minerva_math500.yaml", "{{problem}}", "none", "math_verify"),
    "mmlu": ("mmlu/generative/_default_template_yaml", None, "get_response", "exact_match"),
}


def their_task(name: str, task: LmEvalTask, count: int, tokens: int, folder: Path) -> str:
    """Writes a task file that includes lm-eval's own; the documents are our test questions, in our order."""
    include, text, _, _ = FILES[name]
    docs = folder / f"{name}.jsonl"
    questions = task.questions("test")[:count]
    docs.write_text("\n".join(json.dumps(_their_doc(name, dict(q.doc))) for q in questions))
    lines = {
        "include": str(THEIRS / include),
        "task": f"crosscheck_{name}",
        "tag": None,
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": str(docs)}},
        "training_split": None,
        "fewshot_split": None,
        "num_fewshot": 0,
        "doc_to_text": text or task.file.doc_to_text,
        "description": "",
        "generation_kwargs": {"until": list(task.card.stop), "max_gen_toks": tokens, "temperature": 0.0},
    }
    (folder / f"{name}.yaml").write_text(json.dumps(lines))  # JSON is YAML
    return f"crosscheck_{name}"


def _their_doc(name: str, doc: dict[str, Any]) -> dict[str, Any]:
    """MATH: their process_docs wants the columns of the Hub, and reads the answer from the solution's box."""
    if name != "math500":
        return doc
    return {"problem": doc["problem"], "solution": rf"\boxed{{{doc['answer']}}}", "level": "", "type": ""}


async def our_texts(task: LmEvalTask, url: str, count: int, tokens: int) -> list[str]:
    """What our assistant says, asked one after another."""
    card = load_pool("embedded")[MODEL]
    engine = OpenAIEngine(f"{url}/v1", card, slots=1, name="llama_cpp")
    sampling = Sampling(temperature=0.0, max_tokens=tokens, stop=tuple(task.card.stop))
    prompts = [render("assistant", task.card, q, [], card) for q in task.questions("test")[:count]]
    texts = [(await engine.generate(Request(MODEL, prompt, sampling, 0))).text for prompt in prompts]
    await engine.close()
    return texts


def compare(name: str, options: argparse.Namespace, url: str, folder: Path) -> None:
    """Runs both sides on one task and prints what they agree on."""
    task = load_task(name, options.data_dir)
    questions = task.questions("test")[: options.questions]
    system = render("assistant", task.card, questions[0], [], load_pool("embedded")[MODEL]).messages[0].content
    their_name = their_task(name, task, options.questions, options.tokens, folder)
    results = lm_eval.simple_evaluate(
        model="local-chat-completions",
        model_args={"model": MODEL, "base_url": f"{url}/v1/chat/completions", "num_concurrent": 1, "max_retries": 2},
        tasks=[their_name],
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        system_instruction=system,
        apply_chat_template=True,
        bootstrap_iters=0,
        log_samples=True,
    )
    _, _, filter_name, metric = FILES[name]
    samples = [s for s in results["samples"][their_name] if s["filter"] == filter_name]
    samples.sort(key=lambda sample: sample["doc_id"])
    their_texts = [sample["resps"][0][0] for sample in samples]
    texts = asyncio.run(our_texts(task, url, options.questions, options.tokens))
    ours, regraded = task.grade(questions, texts), task.grade(questions, their_texts)
    same_text = sum(mine.strip() == theirs.strip() for mine, theirs in zip(texts, their_texts, strict=True))
    same = sum((grade.status == CORRECT) == bool(s[metric]) for grade, s in zip(regraded, samples, strict=True))
    right = sum(grade.status == CORRECT for grade in ours)
    print(f"\n{name}: {len(samples)} questions; same text {same_text}; same grade on the same text {same}; ", end="")
    print(f"right: ours {right}, theirs {sum(bool(s[metric]) for s in samples)}")
    for question, grade, sample in zip(questions, regraded, samples, strict=True):
        if (grade.status == CORRECT) != bool(sample[metric]):
            print(f"  {question.id}: reference {task.target(question.doc)[-40:]!r}")
            print(f"    ours {grade.status} {grade.answer!r}")
            print(f"    theirs {sample[metric]} {sample['filtered_resps'][0][:80]!r}")
            print(f"    said {sample['resps'][0][0][-160:]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--task", action="append", choices=FILES)
    options = parser.parse_args()
    server = LlamaCppEngine(load_pool("embedded")[MODEL], 1)._start()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.task or FILES:
            compare(name, options, server.listening_address, Path(folder))


if __name__ == "__main__":
    main()
