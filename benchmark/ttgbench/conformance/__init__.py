"""What every search method must hold, ours and a stranger's alike: toy problems to run on, and the checks."""
