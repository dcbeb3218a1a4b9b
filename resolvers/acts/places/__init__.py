"""Regions, units and partners."""
