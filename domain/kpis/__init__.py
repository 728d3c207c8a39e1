"""Measured figures: types of KPI, periods, attainment, health, stopping rules. Pure; trends with a library are in `figures/`."""
