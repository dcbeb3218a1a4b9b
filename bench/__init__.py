"""Speed, measured: every query beside the raw SQL that prints the same bytes, interleaved, CPU from the system."""
