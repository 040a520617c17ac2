"""A graph as text and as SVG."""
