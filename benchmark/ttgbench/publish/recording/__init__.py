"""Recording every generation that a bounded space can need."""
