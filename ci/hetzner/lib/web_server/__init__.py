"""A threaded server for WSGI applications (PEP 3333) with limits; it knows no application."""
