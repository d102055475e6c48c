"""Floor 1: double-entry accounts and postings. Knows nothing of shops or people."""
