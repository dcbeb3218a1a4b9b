"""The second wall, on PostgreSQL: row-level security that knows the viewer by a sealed text (docs/wall.md).

Every transaction hands the database a text that says who acts and what is open to them: the setting ``VIEWER``. The
text carries an HMAC whose key neither the run-time role nor an injected expression can read, so a viewer can be
taken away by SQL, but not chosen. Policies, derived in ``permissions.walls``, ask the functions here what is open;
where no text or a broken one stands, the answer is nothing.

The wall has an owner, who owns the tables and migrates, and the run-time role, which owns nothing. Functions that
look at other rows run as the owner: a policy must not depend on what the viewer may see elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

import db.technical  # noqa: F401  (the tables that are no entity's are walled as well, whoever asks first)
from db.base import Base
from db.crypto import derived_key, secrets

Mode = Literal["read", "act", "system"]
"""Reads see what is open to the viewer. Who acts sees all rows, since rules look at others', and writes what is open.
The system, which a caller names and nobody gets by default, does both with every row."""
SCHEMA = "fengqiao_wall"
VIEWER = "fengqiao.viewer"
PURPOSE = "wall"
TELL = sa.text(f"SELECT set_config('{VIEWER}', :told, true)")
"""Hands a text to the transaction; it is gone with it."""
_BLOCK = 64


def sealed(mode: Mode, account: str, day: str, slots: Mapping[str, Sequence[str]]) -> str:
    """The text for a viewer: `slots` are lists of what is open, by the names that policies ask for."""
    told = orjson.dumps({"mode": mode, "account": account, "day": day, **slots})
    return hmac.digest(derived_key(PURPOSE), told, "sha256").hex() + told.decode()


def system() -> str:
    """The text of the server itself: sign-in, sealing, folding."""
    return sealed("system", "", "", {})


# --- what policies are made of ----------------------------------------------------------------------------------------


def given(slot: str, kind: Literal["text", "uuid"] = "text") -> str:
    """The list of a slot, evaluated once a statement; null where nothing is handed."""
    # Without the cast PostgreSQL would take ANY ((SELECT …)) for a list of lists.
    return f"((SELECT {SCHEMA}.given('{slot}'))::{kind}[])"


def one_of(column: str, slot: str) -> str:
    """Whether a key is in a slot's list."""
    return f"{column} = ANY {given(slot, 'uuid')}"


def within(column: str, roles: str) -> str:
    """Whether a path lies in one of the ranges of some roles: apart from each other and sorted, so found by halving."""
    return f"{column} < {given(f'high {roles}')}[width_bucket({column}, {given(f'low {roles}')})]"


def in_mode(*modes: Mode) -> str:
    """Whether the transaction is in one of the modes."""
    return f"(SELECT {SCHEMA}.mode() IN ({listed(modes)}))"


def listed(words: Iterable[str]) -> str:
    """Words of the program's own as literals."""
    return ", ".join(f"'{word}'" for word in words)


TODAY = f"(SELECT {SCHEMA}.day())"
ACCOUNT = f"(SELECT {SCHEMA}.account())"


@dataclass(frozen=True)
class Wall:
    """What the wall says of one table: conditions in SQL, and the columns whose values stay as they were inserted.

    `reads` of None means that the table has no rows of its own to protect (``docs/wall.md`` says which and why).
    """

    table: str
    rights: str
    reads: str | None
    inserts: str = "false"
    changes: str = "false"
    removes: str = "false"
    kept: frozenset[str] = frozenset()
    """Without UPDATE: a row must not be moved to where the viewer may write."""

    def statements(self, role: str) -> Iterator[str]:
        """Rights and policies for the run-time role, those of before taken away; to be run by the owner."""
        yield f"REVOKE ALL ON {self.table} FROM {role}, PUBLIC"
        rights = self.rights.split()
        if self.kept and "UPDATE" in rights:
            columns = [c.name for c in Base.metadata.tables[self.table].columns if c.name not in self.kept]
            rights[rights.index("UPDATE")] = f"UPDATE ({', '.join(columns)})"
        yield f"GRANT {', '.join(rights)} ON {self.table} TO {role}"
        yield from _dropped(self.table)
        if self.reads is None:
            yield f"ALTER TABLE {self.table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"
            return
        yield f"ALTER TABLE {self.table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        whole, acting = in_mode("act", "system"), in_mode("act")
        everything = in_mode("system")
        policy = f"CREATE POLICY wall_{{}} ON {self.table} FOR {{}} TO {role} {{}}"
        yield policy.format("read", "SELECT", f"USING ({whole} OR ({self.reads}))")
        writes = {
            "insert": f"WITH CHECK ({everything} OR ({acting} AND ({self.inserts})))",
            # To lock a row is an UPDATE to these policies, and rules lock what they look at.
            "update": f"USING ({whole}) WITH CHECK ({everything} OR ({acting} AND ({self.changes})))",
            "delete": f"USING ({everything} OR ({acting} AND ({self.removes})))",
        }
        for name, text in writes.items():
            if name.upper() in self.rights.split():
                yield policy.format(name, name.upper(), text)


def _dropped(table: str) -> Iterator[str]:
    for name in ("read", "insert", "update", "delete"):
        yield f"DROP POLICY IF EXISTS wall_{name} ON {table}"


# --- functions --------------------------------------------------------------------------------------------------------


def function(name: str, returns: str, body: str) -> str:
    """A function of the wall: it runs as the owner, looks nowhere but where it says, and changes nothing."""
    return (
        f"CREATE FUNCTION {SCHEMA}.{name} RETURNS {returns} LANGUAGE plpgsql STABLE SECURITY DEFINER"
        f" SET search_path = pg_catalog, pg_temp AS $wall$ {body} $wall$"
    )


_FUNCTIONS = (
    function(
        "handed()",
        "jsonb",
        f"""
DECLARE told text := current_setting('{VIEWER}', true); said text := substr(told, 65);
BEGIN
  IF told IS NULL OR told = '' THEN RETURN NULL; END IF;
  PERFORM FROM {SCHEMA}.secret AS s
    WHERE encode(sha256(s.outside || sha256(s.inside || convert_to(said, 'UTF8'))), 'hex') = left(told, 64);
  RETURN CASE WHEN FOUND THEN said::jsonb END;
END""",
    ),
    function(
        "given(slot text)",
        "text[]",
        f"DECLARE found jsonb := {SCHEMA}.handed() -> slot; BEGIN"
        " RETURN CASE WHEN found IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(found)) END; END",
    ),
    function("mode()", "text", f"BEGIN RETURN {SCHEMA}.handed() ->> 'mode'; END"),
    function("account()", "uuid", f"BEGIN RETURN nullif({SCHEMA}.handed() ->> 'account', '')::uuid; END"),
    function("day()", "date", f"BEGIN RETURN nullif({SCHEMA}.handed() ->> 'day', '')::date; END"),
)
"""A handed text is a hexadecimal HMAC (RFC 2104) of 64 characters, then JSON."""


def _pads(key: bytes) -> dict[str, bytes]:
    """The two blocks that HMAC makes of its key."""
    block = key.ljust(_BLOCK, b"\0")
    return {"inside": bytes(b ^ 0x36 for b in block), "outside": bytes(b ^ 0x5C for b in block)}


# --- up and down ------------------------------------------------------------------------------------------------------


def plan(role: str, walls: Sequence[Wall], functions: Sequence[str]) -> list[str]:
    """Every statement that puts the wall up anew, keys aside."""
    quoted = _quoted(role)
    found = [
        f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE",
        f"CREATE SCHEMA {SCHEMA}",
        f"CREATE TABLE {SCHEMA}.secret (inside bytea NOT NULL, outside bytea NOT NULL)",
        *_FUNCTIONS,
        *functions,
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {quoted}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {quoted}",
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        f"GRANT SELECT ON alembic_version TO {quoted}",
    ]
    for wall in walls:
        found += wall.statements(quoted)
        found.append(f"DROP POLICY IF EXISTS wall_owner ON {wall.table}")
        if wall.reads is not None:
            # FORCE binds the owner too; migrations, foreign keys and the functions above need all rows.
            found.append(f"CREATE POLICY wall_owner ON {wall.table} TO CURRENT_USER USING (true)")
    return found


class NoSuchRole(Exception):
    """The run-time role is not there, or owns or may too much."""


def put_up(connection: Connection, role: str, statements: Sequence[str]) -> bool:
    """Put the wall up for the run-time role, as the owner; False where this very wall stands. Raises NoSuchRole."""
    _must_be_plain(connection, role)
    if is_current(connection, role, statements):
        return False
    _drop_strangers(connection)
    for statement in statements:
        connection.exec_driver_sql(statement)
    insert = sa.text(f"INSERT INTO {SCHEMA}.secret (inside, outside) VALUES (:inside, :outside)")
    connection.execute(insert, [_pads(derived_key(PURPOSE, secret)) for secret in secrets()])
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{_mark(statements)}{_stones(connection, role)}'")
    return True


def _drop_strangers(connection: Connection) -> None:
    """Policies add up: one that somebody else made would open what these do not."""
    asked = sa.text("SELECT tablename::text, policyname::text FROM pg_policies WHERE tablename = ANY(:tables)")
    for table, policy in connection.execute(asked, {"tables": sorted(Base.metadata.tables)}).all():
        connection.exec_driver_sql(f"DROP POLICY {_quoted(policy)} ON {_quoted(table)}")


def is_current(connection: Connection, role: str, statements: Sequence[str]) -> bool:
    """Whether the wall is what these statements make, and nobody has taken a stone out of it by hand since."""
    mark = standing(connection)
    return mark is not None and mark == _mark(statements) + _stones(connection, role)


def bare(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Those of the tables that do not ask who acts, or do not ask their owner."""
    asked = sa.text(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY(:tables)"
        " AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname"
    )
    return list(connection.scalars(asked, {"tables": sorted(tables)}))


def take_down(connection: Connection) -> None:
    """Take the wall away: the tables are without row-level security, and the run-time role keeps its rights."""
    for table in _walled(connection):
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
        for statement in (*_dropped(table), f"DROP POLICY IF EXISTS wall_owner ON {table}"):
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def shut(connection: Connection) -> None:
    """Before a migration: no policy stands in its way, and until the wall is put up again nobody gets through."""
    for table in _walled(connection):
        for statement in _dropped(table):
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def standing(connection: Connection) -> str | None:
    """What tells the wall that stands from others; None where there is none."""
    found = sa.text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :schema")
    mark: str | None = connection.scalar(found, {"schema": SCHEMA})
    return mark


def _walled(connection: Connection) -> list[str]:
    found = sa.text("SELECT DISTINCT tablename::text FROM pg_policies WHERE policyname = 'wall_owner'")
    return [_quoted(name) for name in connection.scalars(found)]


def _mark(statements: Sequence[str]) -> str:
    """A digest of the statements and of the keys that seal."""
    keys = b"".join(derived_key(PURPOSE, secret) for secret in secrets())
    return hmac.digest(keys, "\n".join(statements).encode(), hashlib.sha256).hex()


_STONES = sa.text(f"""
WITH tables AS (
  SELECT oid, relname, relrowsecurity, relforcerowsecurity, relacl FROM pg_class
  WHERE relname = ANY(:tables) AND relnamespace = 'public'::regnamespace
     OR relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{SCHEMA}') AND relkind = 'r'
), may AS (
  SELECT relname AS what, relacl AS acl FROM tables
  UNION ALL SELECT relname || '.' || attname, attacl FROM tables JOIN pg_attribute ON attrelid = tables.oid
  UNION ALL SELECT proname, proacl FROM pg_proc WHERE pronamespace::regnamespace::text = '{SCHEMA}'
), stones AS (
  SELECT format('table %s %s %s', relname, relrowsecurity, relforcerowsecurity) AS stone FROM tables
  UNION ALL SELECT format('policy %s %s %s %s %s %s %s', relname, polname, polcmd, polpermissive,
      ARRAY(SELECT rolname FROM pg_roles WHERE pg_roles.oid = ANY(polroles) ORDER BY 1),
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM tables JOIN pg_policy ON polrelid = tables.oid
  UNION ALL SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc
    WHERE pronamespace::regnamespace::text = '{SCHEMA}'
  UNION ALL SELECT format('may %s %s %s', what, grantee <> 0, privilege_type) FROM may, aclexplode(acl)
    WHERE grantee IN (0, (SELECT oid FROM pg_roles WHERE rolname = :role))
)
SELECT encode(sha256(convert_to(string_agg(stone, chr(10) ORDER BY stone COLLATE "C"), 'UTF8')), 'hex') FROM stones
""")
"""A digest of policies, functions and rights as the database has them, those of other roles aside."""


def _stones(connection: Connection, role: str) -> str:
    # How the database prints an expression depends on what is found without its schema.
    path = connection.scalar(sa.text("SELECT current_setting('search_path')"))
    tell = sa.text("SELECT set_config('search_path', :path, true)")
    connection.execute(tell, {"path": "pg_catalog"})
    found = connection.scalar(_STONES, {"tables": sorted(Base.metadata.tables), "role": role})
    connection.execute(tell, {"path": path})
    return str(found)


def _must_be_plain(connection: Connection, role: str) -> None:
    asked = sa.text(
        "SELECT rolsuper OR rolbypassrls AS above, rolname = current_user AS same,"
        " EXISTS (SELECT FROM pg_class AS c WHERE c.relowner = r.oid) AS owns FROM pg_roles AS r WHERE rolname = :role"
    )
    found: Any = connection.execute(asked, {"role": role}).one_or_none()
    if found is None:
        raise NoSuchRole(f"没有 {role} 这个数据库账号：请先由管理员执行 CREATE ROLE {role} LOGIN PASSWORD …")
    if found.above or found.same or found.owns:
        raise NoSuchRole(f"{role} 不能用作运行账号：它不能是超级用户、不能有 BYPASSRLS、不能拥有任何表")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
