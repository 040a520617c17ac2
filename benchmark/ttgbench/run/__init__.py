"""One run and many: method x problem x seed."""
