"""Alembic's folder: how it runs (``env.py``), what a new file looks like, and one file a change in ``versions/``.

Only ``db.migrate`` runs it.
"""
