"""`python -m ttgbench` is `ttgbench`."""

from ttgbench.cli import main

main()
