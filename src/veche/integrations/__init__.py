"""Floor 2: the world outside: mail, push gateways, directories, hashing, image decoding. Never the database."""
