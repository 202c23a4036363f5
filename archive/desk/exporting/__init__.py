"""Exports: a selection as a ZIP of originals, or its list as CSV or Excel."""
