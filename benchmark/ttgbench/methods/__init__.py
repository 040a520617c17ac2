"""For authors of methods: solvers to build on, conformance, submissions."""
