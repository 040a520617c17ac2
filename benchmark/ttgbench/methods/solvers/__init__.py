"""What the bundled search methods share, for anybody's method: nothing here knows more than `problem` and `rng` offer.

trials.py         values by graph, the incumbent, when to stop
probabilistic.py  distributions over graphs: edges, roles, models
"""
