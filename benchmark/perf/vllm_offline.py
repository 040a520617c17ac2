"""vLLM's own offline generation of a list of requests as one flat batch; gpu.py runs it where vLLM is.

    python vllm_offline.py REQUESTS.json RESULT.json

REQUESTS.json: {"arguments": {...of vllm.LLM}, "requests": [{"messages" or "text", "sampling": {...}}, ...]}. The result
holds seconds (without loading, after one short warm-up) and tokens.
"""

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Reads requests, generates, writes the result."""
    from vllm import LLM, SamplingParams

    job = json.loads(Path(sys.argv[1]).read_text())
    model = LLM(**job["arguments"])
    tokenizer = model.get_tokenizer()
    prompts = []
    for request in job["requests"]:
        if request["text"] is not None:
            prompts.append({"prompt_token_ids": tokenizer.encode(request["text"])})
            continue
        shown = tokenizer.apply_chat_template(request["messages"], add_generation_prompt=True, tokenize=False)
        prompts.append({"prompt_token_ids": tokenizer.encode(shown, add_special_tokens=False)})
    sampling = [SamplingParams(**request["sampling"]) for request in job["requests"]]
    model.generate(["Hello"], SamplingParams(max_tokens=4), use_tqdm=False)
    started = time.perf_counter()
    outputs = model.generate(prompts, sampling, use_tqdm=False)
    seconds = time.perf_counter() - started
    result = {
        "seconds": seconds,
        "tokens_in": sum(len(output.prompt_token_ids) for output in outputs),
        "tokens_out": sum(len(output.outputs[0].token_ids) for output in outputs),
    }
    Path(sys.argv[2]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
