"""One list page and one record page for every entity: plain files, and the documents that they send to the public API.

``docs/desk.md`` says how the pages are put together. Nothing here reads or writes a row.
"""
