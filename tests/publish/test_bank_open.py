"""Segments are opened together only where they are of one task and split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ttgbench.errors import InputError
from ttgbench.problems.bank.plan import load_bank, segments
from ttgbench.publish.recording.bank_open import opened

PILOT = Path(__file__).parents[2] / "benchmark" / "recording" / "pilot-small-v1"


def test_segments_of_one_split_alone_are_opened_together(tmp_path):
    plan = load_bank(PILOT.with_suffix(".yaml"))
    first = next(segments(plan))
    for finished in ([], [first, replace(first, split="test")]):
        with pytest.raises(InputError, match="one of its splits"), opened(plan, tmp_path, finished):
            pass
