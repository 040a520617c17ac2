"""A simulated landscape that answers for language models that do not exist."""
