"""Reaching the database: where it is, its migrations, and the transactions on it."""
