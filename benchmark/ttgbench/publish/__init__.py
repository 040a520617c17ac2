"""Public, verified results: archives, verification, the Hub, recordings."""
