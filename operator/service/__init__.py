"""Floor 5: how the service runs: settings, database, web application, command line."""
