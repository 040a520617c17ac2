"""How much of an engine's speed is left when the harness drives it, and what the harness saves.

    python benchmark/perf/gpu.py --engine vllm --pool modern --models qwen3-1.7b --task gsm8k --questions 200
    python benchmark/perf/gpu.py --engine llama_cpp --pool embedded --task micro_math --questions 6
    python benchmark/perf/gpu.py --engine echo --latency 0.05 --slots 64 --questions 50

Prints JSON. Legs, each on fresh engines that have answered one request before the clock starts:

- harness: the graphs through evaluator, executor, store and graders;
- flat: the very same requests sent at once, as many in flight as there are slots;
- offline (engine vllm, --offline): the same requests through vLLM's own LLM.generate as one batch, no HTTP;
- official: the same evaluations as the published Agent-REINFORCE code calls an engine: graph by graph, three questions
  at a time, nodes in topological order one after another, nothing shared between graphs. Written for this comparison.

An efficiency is the harness's generated tokens per second over the other leg's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from executor import NotingEngine, some_graphs

from ttgbench.engines import background, launch
from ttgbench.engines.base import Message, Prompt, Request, Sampling
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.prompts import render
from ttgbench.evaluate.store.store import Store
from ttgbench.evaluate.votes import plurality
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.keys import seed_for
from ttgbench.models.pool import Pool, load_pool
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.task import Task

OFFICIAL_BATCH = 3


@dataclass
class Leg:
    """One timed way of generating."""

    seconds: float
    requests: int
    tokens_in: int
    tokens_out: int
    gpu_utilisation: float | None = None
    """Mean over the leg and all GPUs, percent."""
    prefix_cache_share: float | None = None
    """Prompt tokens that vLLM found in its prefix cache, over all."""
    sent: list[Request] = field(default_factory=list, repr=False)

    @property
    def speed(self) -> float:
        """Generated tokens per second."""
        return self.tokens_out / self.seconds

    def to_json(self) -> dict[str, Any]:
        """Everything but the requests."""
        shown = {key: value for key, value in asdict(self).items() if key != "sent"}
        return {**shown, "seconds": round(self.seconds, 3), "tokens_out_per_second": round(self.speed, 2)}


@dataclass(frozen=True)
class Setting:
    """What all legs share."""

    arguments: argparse.Namespace
    task: Task
    pool: Pool
    sampling: Sampling
    graphs: Sequence[Graph]

    def engines(self) -> dict[str, NotingEngine]:
        """Fresh engines, started and asked once."""
        launched = launch(self.arguments.engine, tuple(self.pool), slots=self.arguments.slots)

        async def warm() -> None:
            hello = Prompt((Message("user", "Hello"),))
            await asyncio.gather(
                *(engine.generate(Request(name, hello, Sampling(max_tokens=2), 0)) for name, engine in launched.items())
            )

        background.run(warm())
        return {name: NotingEngine(engine, self.arguments.latency) for name, engine in launched.items()}


def timed(setting: Setting, work: Callable[[Mapping[str, NotingEngine]], Callable[[], None] | None]) -> Leg:
    """One leg: fresh engines, the work on the clock, then what the engines noted. work may return a last duty."""
    engines = setting.engines()
    cached_before = prefix_counts(engines)
    with Utilisation() as utilisation:
        started = time.perf_counter()
        finish = work(engines)
        seconds = time.perf_counter() - started
    cached = [after - before for after, before in zip(prefix_counts(engines), cached_before, strict=True)]
    if finish is not None:
        finish()
    for engine in engines.values():
        background.run(engine.close())
    completions = [completion for engine in engines.values() for completion in engine.completions]
    return Leg(
        seconds=seconds,
        requests=len(completions),
        tokens_in=sum(completion.tokens_in for completion in completions),
        tokens_out=sum(completion.tokens_out for completion in completions),
        gpu_utilisation=utilisation.mean,
        prefix_cache_share=round(cached[0] / cached[1], 4) if cached[1] else None,
        sent=[request for engine in engines.values() for request in engine.requests],
    )


def harness(setting: Setting) -> Leg:
    """The graphs through the evaluator."""

    def work(engines: Mapping[str, NotingEngine]) -> Callable[[], None]:
        evaluator = GenerationEvaluator(setting.task, setting.pool, setting.sampling, Store(), engines)
        evaluator.evaluate(setting.graphs, range(setting.arguments.questions), universe=0, split="search")
        return evaluator.close

    return timed(setting, work)


def flat(setting: Setting, requests: Sequence[Request]) -> Leg:
    """The same requests at once."""

    async def send(engines: Mapping[str, NotingEngine]) -> None:
        gates = {name: asyncio.Semaphore(engine.slots) for name, engine in engines.items()}

        async def one(request: Request) -> None:
            async with gates[request.model]:
                await engines[request.model].generate(request)

        await asyncio.gather(*map(one, requests))

    return timed(setting, lambda engines: background.run(send(engines)))


def official(setting: Setting) -> Leg:
    """Three questions at a time, nodes one after another."""
    questions = setting.task.questions("search")[: setting.arguments.questions]

    async def answer(graph: Graph, number: int, position: int, engines: Mapping[str, NotingEngine]) -> None:
        question = questions[position]
        said: dict[str, str] = {}
        nodes = {node.id: node for node in graph.nodes}
        for name in graph.order:
            node = nodes[name]
            outputs = [said[source] for source in graph.predecessors(name)]
            if node.model is None:
                grades = setting.task.grade([question] * len(outputs), outputs)
                said[name] = plurality(outputs, [grade.answer for grade in grades])
                continue
            prompt = render(node.role, setting.task.card, question, outputs, setting.pool[node.model])
            seed = seed_for(f"{number}/{name}", question.id, 0)
            said[name] = (await engines[node.model].generate(Request(node.model, prompt, setting.sampling, seed))).text

    async def send(engines: Mapping[str, NotingEngine]) -> None:
        for number, graph in enumerate(setting.graphs):
            for start in range(0, len(questions), OFFICIAL_BATCH):
                batch = range(start, min(start + OFFICIAL_BATCH, len(questions)))
                await asyncio.gather(*(answer(graph, number, position, engines) for position in batch))

    return timed(setting, lambda engines: background.run(send(engines)))


def offline(setting: Setting, requests: Sequence[Request]) -> Leg | None:
    """vLLM's LLM.generate on the requests of one model; None with another engine or several models."""
    if not setting.arguments.offline or len(setting.pool) != 1:
        return None
    from ttgbench.engines import options
    from ttgbench.engines.model_files import locate
    from ttgbench.engines.vllm.engine import SLOTS
    from ttgbench.engines.vllm.options import VLLMOptions

    chosen = options.parse(VLLMOptions, options.split(setting.arguments.engine)[1], "vllm")
    [card] = setting.pool
    files = locate(card, chosen.models.get(card.name))
    context = min(chosen.max_model_len, card.context_length)
    arguments: dict[str, Any] = {"model": files.model, "dtype": chosen.dtype, "max_model_len": context,
                                 "max_num_seqs": setting.arguments.slots or SLOTS, "enable_prefix_caching": True,
                                 "generation_config": "vllm"}  # fmt: skip
    if files.revision is not None:
        arguments["revision"] = files.revision
    if chosen.device == "cpu" or shutil.which("nvidia-smi") is None:
        arguments |= {"enable_chunked_prefill": False, "max_num_batched_tokens": max(context, 8192)}
    if "--enforce-eager" in chosen.arguments:
        arguments["enforce_eager"] = True
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": str(chosen.cpu_cache_gib), **chosen.environment}
    job = {"arguments": arguments, "requests": [offline_request(request) for request in requests]}
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("requests.json", "result.json")]
        Path(paths[0]).write_text(json.dumps(job))
        script = str(Path(__file__).with_name("vllm_offline.py"))
        with Utilisation() as utilisation:
            subprocess.run(
                [chosen.python or sys.executable, script, *paths], check=True, stdout=sys.stderr, env=environment
            )
        return Leg(**json.loads(Path(paths[1]).read_text()), requests=len(requests), gpu_utilisation=utilisation.mean)


def offline_request(request: Request) -> dict[str, Any]:
    """As vllm_offline.py reads it."""
    sampling = asdict(request.sampling)
    sampling["stop"] = list(request.sampling.stop) or None
    messages = [{"role": message.role, "content": message.content} for message in request.prompt.messages]
    return {"messages": messages, "text": request.prompt.text, "sampling": {**sampling, "seed": request.seed}}


def prefix_counts(engines: Mapping[str, NotingEngine]) -> tuple[float, float]:
    """Prompt tokens found in and asked of the prefix caches of our vLLM servers so far."""
    from ttgbench.engines.vllm.process import call

    hits = queries = 0.0
    for engine in engines.values():
        address = getattr(engine._engine, "address", None)
        if address is None:
            continue
        for line in background.run(call("GET", f"{address}/metrics")).decode().splitlines():
            if line.startswith("vllm:prefix_cache_hits_total"):
                hits += float(line.rpartition(" ")[2])
            elif line.startswith("vllm:prefix_cache_queries_total"):
                queries += float(line.rpartition(" ")[2])
    return hits, queries


class Utilisation:
    """Samples nvidia-smi once a second while the block runs."""

    QUERY = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Utilisation:
        if shutil.which("nvidia-smi") is not None:
            self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def mean(self) -> float | None:
        """Percent; None without nvidia-smi."""
        return round(sum(self._samples) / len(self._samples), 1) if self._samples else None

    def _sample(self) -> None:
        while not self._over.wait(1.0):
            done = subprocess.run(self.QUERY, capture_output=True, text=True, check=False)
            self._samples += [float(line) for line in done.stdout.split() if line.isdecimal()]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="llama_cpp", help="as for ttgbench run")
    parser.add_argument("--pool", default="embedded")
    parser.add_argument("--models", help="only these of the pool, with commas")
    parser.add_argument("--task", default="micro_math")
    parser.add_argument("--questions", type=int, default=10)
    parser.add_argument("--max-tokens", type=int, help="default: the task's")
    parser.add_argument("--slots", type=int)
    parser.add_argument("--latency", type=float, default=0.0, help="mean seconds added to each request")
    parser.add_argument("--offline", action="store_true", help="also vLLM's own offline batch (one model)")
    arguments = parser.parse_args()
    task, pool = load_task(arguments.task), load_pool(arguments.pool)
    if arguments.models:
        pool = pool.subset(tuple(arguments.models.split(",")))
    sampling = Sampling(max_tokens=arguments.max_tokens or task.card.max_tokens, stop=task.card.stop)
    setting = Setting(arguments, task, pool, sampling, some_graphs(pool.names))
    print(json.dumps(measured(setting), indent=2))


def measured(setting: Setting) -> dict[str, Any]:
    """All legs and what follows from them."""
    ours = harness(setting)
    legs = {"harness": ours, "flat": flat(setting, ours.sent), "official": official(setting)}
    if (batch := offline(setting, ours.sent)) is not None:
        legs["offline"] = batch
    nodes = [node for graph in setting.graphs for node in graph.nodes if node.model is not None]
    asked = len(nodes) * setting.arguments.questions
    return {
        "engine": setting.arguments.engine,
        "models": setting.pool.names,
        "graphs": len(setting.graphs),
        "questions": setting.arguments.questions,
        "legs": {name: leg.to_json() for name, leg in legs.items()},
        "efficiency": {name: round(ours.speed / leg.speed, 4) for name, leg in legs.items() if name != "harness"},
        "times_faster_than_official": {
            "per_token": round(ours.speed / legs["official"].speed, 2),
            "same_evaluations": round(legs["official"].seconds / ours.seconds, 2),
        },
        "generations_saved_by_common_keys": round(1 - ours.requests / asked, 4),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
