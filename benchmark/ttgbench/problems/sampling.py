"""How models sample, as suites and plans say it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ttgbench.engines.base import Sampling
from ttgbench.tasks.task import TaskCard


class SamplingSpec(BaseModel):
    """Sampling parameters; answer length and stop strings come from the task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)

    def on(self, card: TaskCard) -> Sampling:
        """All parameters of answers to a task."""
        return Sampling(**self.model_dump(), max_tokens=card.max_tokens, stop=tuple(card.stop))
