"""Data that ships with the product (process, people, strategy), and the reader that checks such files."""
