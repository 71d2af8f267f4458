"""Kills, power cuts, full disks and failing fsyncs."""
