"""Do our grades agree with lm-eval's own, on the same model's answers to the same questions?

    pip install 'lm-eval[api]'
    python benchmark/checks/lm_eval_grades.py --data-dir DIR [--questions 40] [--tokens 256] [--task gsm8k ...]
        [--model qwen2.5-coder-1.5b] [--slots 16] [--grades-only]

lm-eval runs its own task files (its filters, its metrics) through its `local-chat-completions` client against the
loopback server of one model; only the prompt is ours, so that both sides ask the same. Then our single-node graph
asks the same server, at temperature 0, as many requests at a time as there are slots; with more than one, texts may
differ by the batch they were made in. Printed: on how many questions both received the same text, and the same grade;
each difference with what either side extracted. --grades-only grades lm-eval's texts and asks nothing itself, in half
the time. DIR holds gsm8k_test.jsonl, math_test.jsonl and mmlu_test.jsonl in the schemas of the Hub.
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

from ttgbench.engines.base import Prompt, Request, Sampling
from ttgbench.engines.client import OpenAIEngine
from ttgbench.engines.llama_cpp import LlamaCppEngine
from ttgbench.evaluate.prompts import render
from ttgbench.models.pool import ModelCard, load_pool
from ttgbench.tasks.folder import LmEvalTask, load_task
from ttgbench.tasks.task import CORRECT

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


async def our_texts(task: LmEvalTask, url: str, card: ModelCard, options: argparse.Namespace) -> list[str]:
    """What our assistant says to the same questions."""
    engine = OpenAIEngine(f"{url}/v1", card, slots=options.slots, name="llama_cpp")
    sampling = Sampling(temperature=0.0, max_tokens=options.tokens, stop=tuple(task.card.stop))
    prompts = [render("assistant", task.card, q, [], card) for q in task.questions("test")[: options.questions]]
    gate = asyncio.Semaphore(options.slots)

    async def say(prompt: Prompt) -> str:
        async with gate:
            return (await engine.generate(Request(card.name, prompt, sampling, 0))).text

    texts = await asyncio.gather(*map(say, prompts))
    await engine.close()
    return texts


def compare(name: str, options: argparse.Namespace, url: str, card: ModelCard, folder: Path) -> None:
    """Runs both sides on one task and prints what they agree on."""
    task = load_task(name, options.data_dir)
    questions = task.questions("test")[: options.questions]
    system = render("assistant", task.card, questions[0], [], card).messages[0].content
    their_name = their_task(name, task, options.questions, options.tokens, folder)
    results = lm_eval.simple_evaluate(
        model="local-chat-completions",
        model_args={
            "model": card.name,
            "base_url": f"{url}/v1/chat/completions",
            "num_concurrent": options.slots,
            "max_retries": 2,
            "timeout": 3600,
        },
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
    texts = their_texts if options.grades_only else asyncio.run(our_texts(task, url, card, options))
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
    parser.add_argument("--model", default="smollm2-135m", help="of the pool laptop")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--grades-only", action="store_true")
    options = parser.parse_args()
    card = load_pool("laptop")[options.model]
    server = LlamaCppEngine(card, options.slots)._start()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.task or FILES:
            compare(name, options, server.listening_address, card, Path(folder))


if __name__ == "__main__":
    main()
