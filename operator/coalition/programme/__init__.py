"""The programme: its settings, and pure decisions on points that need no database."""
