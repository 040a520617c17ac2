"""What every node of an evaluated graph said: for people to read, as it holds reference answers; no search sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ttgbench.evaluate.base import Evaluation
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.roles import ROLES
from ttgbench.tasks.folder import LmEvalTask
from ttgbench.tasks.task import Question, Task


def trace_outputs(
    evaluation: Evaluation, store: Store, task: Task, questions: Sequence[Question]
) -> list[dict[str, Any]]:
    """One record per question: its text (`asked`: without the worked examples before it), the graph's answer and grade,
    and each node's recorded output with the answer and the grade it would get, in order, and the nodes that it `reads`
    in the order in which its prompt shows them. `reference`: the right answer, None for a simulated question.

    questions: a part of those that were evaluated. Nodes whose output was only computed have None in their place, and
    so has the grade of a role that gives no answer.
    """
    place = {question_id: index for index, question_id in enumerate(evaluation.question_ids)}
    ids = [(use.key, question.id, evaluation.universe) for question in questions for use in evaluation.nodes]
    recorded = store.get_many(ids)
    asked = {question.id: question for question in questions}
    keys = {use.node: use.key for use in evaluation.nodes}
    answering = {use.key for use in evaluation.nodes if ROLES[evaluation.graph[use.node].role].answers}
    given = [identity for identity in recorded if identity[0] in answering]
    graded = dict(zip(given, grades_of(task, store, [(one, asked[one[1]]) for one in given]), strict=True))
    traces = []
    for question in questions:
        index = place[question.id]
        nodes = []
        for use in evaluation.nodes:
            identity = (use.key, question.id, evaluation.universe)
            generation, grade = recorded.get(identity), graded.get(identity)
            node = evaluation.graph[use.node]
            nodes.append(
                {
                    "node": node.id,
                    "role": node.role,
                    "model": node.model,
                    "reads": sorted(evaluation.graph.predecessors(node.id), key=lambda before: keys[before]),
                    "text": None if generation is None else generation.text,
                    "answer": None if grade is None else grade.answer,
                    "status": None if grade is None else grade.status,
                    "tokens_in": int(use.tokens_in[index]),
                    "tokens_out": int(use.tokens_out[index]),
                }
            )
        traces.append(
            {
                "question": question.id,
                "text": question.text,
                "asked": question.text.removeprefix(str(question.doc.get("examples", ""))),
                "answer": evaluation.answers[index],
                "status": evaluation.statuses[index],
                "reference": task.target(question.doc) if isinstance(task, LmEvalTask) else None,
                "nodes": nodes,
            }
        )
    return traces
