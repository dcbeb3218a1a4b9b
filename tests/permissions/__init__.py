"""Who may: accounts, sessions, tokens, scopes."""
