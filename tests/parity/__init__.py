"""Parity: who holds what each sync added knows the same as who asks for everything at once."""
