"""Committees, their terms, filings and notifications."""
