"""Virtual time, scripted people and real records: a composition root of its own."""
