"""Submissions: a folder with a method (or published graphs) and what it declares about itself, made ready for others.

new.py      a folder to start from
check.py    everything that it must hold
pack.py     the folder as one file, the same bytes everywhere, and back again from hostile bytes
"""
