"""One module a subject: what a page shows and what its forms do."""
