"""Moderation, for administrators: locking and suspending people, and reading what was reported."""

from veche.api.veche.moderation import reports, restricting

ENDPOINTS = (*restricting.ENDPOINTS, *reports.ENDPOINTS)
