"""Figures that need a numerical library: trends with their uncertainty, and a whole portfolio of KPIs at once."""
