"""The one write path: plain functions over a connection, called by GraphQL, the admin, imports and the command line."""
