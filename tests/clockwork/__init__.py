"""The clock of a run of tests."""
