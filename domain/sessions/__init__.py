"""A session of a body (council or monitoring meeting): agenda, papers, attendance, conclusions, instructions, minutes."""
