"""Tests of the reads and the commands."""
