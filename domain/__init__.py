"""What is true: rules, forms and folds. Pure: no I/O, no clock, no randomness; pydantic and the standard library only."""
