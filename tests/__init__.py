"""Tests: one folder per floor, scenarios against the real server, clients, faults, and the laws of the code."""
