"""Who may: the viewer, row scopes, column masks, actions, accounts, sessions and tokens. Imports ``db`` only."""
