"""GPTSwarm's edge optimisation by REINFORCE, for edges, roles and models alike."""

import numpy as np
from numpy.typing import NDArray

from ttgbench import BudgetExhausted, Graph, Problem
from ttgbench.solvers.probabilistic import Draw, Slots
from ttgbench.solvers.trials import Trials

BATCH = 8
RATE = 0.2
EDGE = 0.3
"""Probability of an edge at the start."""
MEMORY = 0.8
"""Weight of the past in the reward baseline."""
SLOTS = 12


class Policy:
    """Logits of roles (slots, roles), models (slots, models) and edges (slots, slots)."""

    def __init__(self, slots: Slots) -> None:
        import torch

        self.torch, self.slots = torch, slots
        shapes = [(slots.count, len(slots.roles)), (slots.count, len(slots.models)), (slots.count, slots.count)]
        starts = [0.0, 0.0, float(np.log(EDGE / (1 - EDGE)))]
        self.logits = [
            torch.full(shape, start, dtype=torch.float64, requires_grad=True)
            for shape, start in zip(shapes, starts, strict=True)
        ]
        self.adam = torch.optim.Adam(self.logits, lr=RATE)
        self.upper = torch.from_numpy(slots.upper)

    def sample(self, count: int, rng: np.random.Generator) -> list[Draw]:
        """So many draws."""
        with self.torch.no_grad():
            roles, models = (self.torch.softmax(logits, dim=1).numpy() for logits in self.logits[:2])
            edges = self.torch.sigmoid(self.logits[2]).numpy()
        return [self.slots.draw(roles, models, edges, rng) for _ in range(count)]

    def step(self, draws: list[Draw], advantages: NDArray[np.float64]) -> None:
        """One step of Adam up the gradient of the advantage-weighted log-likelihood."""
        torch = self.torch
        likelihood = 0
        for logits, picked in zip(self.logits[:2], ("roles", "models"), strict=True):
            indices = torch.from_numpy(np.stack([getattr(draw, picked) for draw in draws]))
            chosen = torch.log_softmax(logits, dim=1).expand(len(draws), -1, -1).gather(2, indices[:, :, None])
            likelihood = likelihood + chosen.sum(dim=(1, 2))
        edges = torch.from_numpy(np.stack([draw.edges for draw in draws]))
        signs = torch.where(edges, 1.0, -1.0)
        likelihood = likelihood + (torch.nn.functional.logsigmoid(signs * self.logits[2]) * self.upper).sum(dim=(1, 2))
        loss = -(likelihood * torch.from_numpy(np.asarray(advantages))).mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Batches of draws, evaluated, and a gradient step for each, until the search budget is spent."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    trials, baseline = Trials(problem), None
    policy = Policy(Slots(problem.space, SLOTS))
    try:
        while not trials.stalled:
            known = len(trials.values)
            decoded = [(draw, policy.slots.decode(draw)) for draw in policy.sample(BATCH, rng)]
            drawn = [(draw, graph) for draw, graph in decoded if graph is not None]
            if not drawn:
                return trials.answer
            rewards: NDArray[np.float64] = np.asarray(trials.values_of(graph for _, graph in drawn))
            baseline = rewards.mean() if baseline is None else baseline
            spread = rewards.std() or 1.0
            policy.step([draw for draw, _ in drawn], (rewards - baseline) / spread)
            baseline = MEMORY * baseline + (1 - MEMORY) * rewards.mean()
            if len(trials.values) == known:  # it has settled
                policy, baseline = Policy(policy.slots), None
    except BudgetExhausted:
        pass
    finally:
        torch.set_num_threads(threads)
    return trials.answer
