"""Moderation as the specification has it: locking and suspending, and reporting."""

from veche.api.matrix.moderation import reporting, restricting

ENDPOINTS = (*restricting.ENDPOINTS, *reporting.ENDPOINTS)
