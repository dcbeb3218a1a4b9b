"""How: requests -> statements -> bytes (reads), ``commands`` (writes). Knows no GraphQL type and no admin page."""
