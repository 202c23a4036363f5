"""The word index: pieces of text in issue order, on SQLite in a file of its own (model.md §12)."""
