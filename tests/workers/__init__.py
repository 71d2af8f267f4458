"""Tests of floor 4's workers."""
