"""One vLLM server process per model: started, placed on GPUs, supervised, shared."""
