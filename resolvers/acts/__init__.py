"""What an entity does beyond its declaration, at the same path as the model: ``acts/AREA/NAME.py``.

A module is plain functions, each marked by what it is (``resolvers.acting``). They are found by their path and
mark, not listed; what a model declares and no module does, or a module does and no model declares, stops the start.
Modules without a mark are helpers that several acts of an area share.
"""
