"""What exists: the models, the vocabulary they are written in, the engine and the migrations.

This is the lowest layer; it imports nothing of ours but ``settings``. A model is a sheet of facts
(``db/models``); ``db.registry`` reads all of them once at start and everything above reads the registry.
"""
