"""The tabs, one module each. A tab is a `Page` (parts/page.py)."""

from ttgbench.leaderboard.pages import anytime, cite, compare, graphs, methods, pictures, rules, run, submit

ALL = (
    methods.Methods,
    pictures.Pictures,
    anytime.Anytime,
    graphs.Graphs,
    compare.Compare,
    run.Run,
    submit.Submit,
    rules.Rules,
    cite.Cite,
)
