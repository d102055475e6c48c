"""The ``coalition`` command: one module a subject, each a thin shell over the floors."""
