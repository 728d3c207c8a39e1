"""A selection round: challenges that bureaus propose are heard, scored, ranked and chosen; what is chosen becomes lifecycles."""
