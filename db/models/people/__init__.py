"""Mediators and their appointments."""
