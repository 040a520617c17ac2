"""What a search method meets: problem, space, budget, ledger, suite."""
