"""The tabs, one module each. A tab is a `Page` (parts/page.py)."""

from ttgbench.leaderboard.pages import anytime, cite, compare, graphs, methods, rules, run, submit

ALL = (
    methods.Methods,
    anytime.Anytime,
    graphs.Graphs,
    compare.Compare,
    run.Run,
    submit.Submit,
    rules.Rules,
    cite.Cite,
)
