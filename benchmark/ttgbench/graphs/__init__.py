"""What a graph is: its JSON, its rules, its canonical form and keys, its shapes, drawing and roles."""
