"""The version of the rules: raised when the same search, seed and suite would make other runs than before.

1  an evaluation started if its worst case fitted what was left of the search budget
2  it starts if its nominal cost fits; samples can be drawn again (`problem.evaluate(graph, repeat=r)`)
"""

RULES = 2
