"""Evaluation of a project from what is on record: scores, a recommendation by stated rules, and the drafts of reports."""
