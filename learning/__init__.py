"""What the city's own record teaches: where time went, what is to be expected, what became of what was hoped for."""
