"""For methods: the parts that several search methods share. These paths stay, wherever the code lives.

adas.py             meta agent search over an archive of designs
aflow.py            tree search over edits
agent_reinforce.py  Agent-REINFORCE, as released and ours
gptswarm.py         REINFORCE on a probabilistic graph
maao.py             gradient steps in turn with rewritten tables
opro.py             an archive of graphs and those who propose new ones
probabilistic.py    distributions over graphs
textgrad.py         one graph, criticised and rewritten
trials.py           values by graph, the incumbent, when to stop
"""
