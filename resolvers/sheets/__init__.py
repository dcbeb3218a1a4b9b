"""Excel in: an entity's template, what a filled-in sheet says, and its rows made or changed by the one write path."""
