"""Model cards, pools, cost and weights."""
