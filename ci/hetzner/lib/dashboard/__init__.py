"""The pages, logs and figures of a box for browsers and programs: a WSGI application."""
