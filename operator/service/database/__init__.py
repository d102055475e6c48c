"""Reaching the database: where it is, its migrations, and the one module that opens transactions."""
