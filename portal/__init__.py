"""Wiring: settings, URLs, accounts, and the commands that reach across."""
