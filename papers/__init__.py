"""Documents on paper: a decision with its route (決裁文書), and a whole lifecycle as a dossier. The same events give the same bytes."""
