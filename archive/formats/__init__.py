"""What bytes of a format hold: pure modules, one for each format. They know no database and no store."""
