"""The search space: which graphs a method may propose, and how they are drawn and changed."""
