"""Banks of recorded samples, from plan to split.

plan.py      what is recorded, in which segments
folder.py    which of a plan's segments lie in a folder
split.py     which questions of a bank a seed searches, and which it is tested on
"""
