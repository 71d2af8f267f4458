"""People at work on the real server, over real sockets."""
