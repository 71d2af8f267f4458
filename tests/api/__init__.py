"""The door in process: requests go straight into the ASGI application."""
