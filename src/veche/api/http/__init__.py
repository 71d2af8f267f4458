"""The door: the contract every endpoint declares, routing, requests and replies. No endpoint stands here."""
