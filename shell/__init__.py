"""The commands of people at a shell; `starter.py` is their entry."""
