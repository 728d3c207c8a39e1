"""Files as people write them become commands: every row is checked before any is recorded, and what is wrong is told by its place."""
