"""HTTPS: what the server is called, the certificate in use, how connections come in, and the page about trust."""
