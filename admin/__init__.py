"""The clerk's face: piccolo-admin's front end over our own routes, and own pages where the generated ones end.

Its files come from the installed, pinned package (found, never imported); its JSON contract is answered from the one
read path and the one write path, so scope, masks, rules and audit are those of GraphQL. Piccolo's tables, engine and
queries are never used. Imports ``db``, ``permissions`` and ``resolvers``; nothing of ``schema``.
"""
