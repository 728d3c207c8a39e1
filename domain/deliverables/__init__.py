"""The forms that stages ask for, and the rules that each must meet. One file a phase; `registry.py` lists them all."""
