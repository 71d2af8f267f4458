"""The service: how the machine's own supervisor starts the server. The text of units, and the calls to systemd."""
