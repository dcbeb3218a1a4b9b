"""What must not be in production, beyond what ``settings.problems`` sees: names in settings that mean nothing here, and
a database that forgets what it acknowledged or lets the server past its own walls.

Each finding is one Chinese sentence with the name of the setting and what to do.
"""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import installation, walls
from db.engine import Database
from db.facts import Role
from db.technical import DemoAccount
from permissions import origins
from permissions.demo_accounts import usable
from permissions.walls import guarded, statements
from settings import Settings

DURABLE: dict[str, frozenset[str]] = {
    "fsync": frozenset({"on"}),
    "full_page_writes": frozenset({"on"}),
    "synchronous_commit": frozenset({"on", "local", "remote_write", "remote_apply"}),
}
"""PostgreSQL's settings by which an acknowledged write outlives a crash, with their safe values."""
_OWNED = """
    SELECT count(*) FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
        AND pg_has_role(current_user, relowner, 'USAGE')
"""


def names(settings: Settings) -> list[str]:
    """Names in the settings that are none: roles, origins, proxies. They are refused outside production as well."""
    unknown = [role for role in settings.second_factor_roles if role not in Role.__members__]
    found = []
    if unknown:
        known = " ".join(Role.__members__)
        found.append(f"FENGQIAO_SECOND_FACTOR_ROLES 里没有这样的角色：{' '.join(unknown)}；可用的有 {known}")
    wrong = origins.mistakes(settings.cors_origins, production=settings.production)
    found += [f"FENGQIAO_CORS_ORIGINS：{sentence}" for sentence in wrong]
    found += [
        f"FENGQIAO_TRUSTED_PROXIES：{proxy[:60]} 不是地址或网段，请改正"
        for proxy in settings.trusted_proxies
        if proxy != "*" and not _is_network(proxy)
    ]
    return found


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


async def database_findings(database: Database) -> list[str]:
    """What is unsafe about a database that is there: another secret than its own always, the rest in production."""
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        return []
    found = await database.as_system().look(installation.findings, bulk=True)
    if not database.settings.production:
        return found
    found += await database.as_system().look(demo_findings)
    if database.is_sqlite:
        return found + await database.look(sqlite_findings)
    behind = database.walled
    return found + await database.look(lambda c: postgres_findings(c) + (role_findings(c) if behind else []))


def demo_findings(connection: Connection) -> list[str]:
    """Accounts of the demo that somebody could sign in with: their password was shown to whoever first started this."""
    if not sa.inspect(connection).has_table(DemoAccount.__tablename__):
        return []  # a structure of before: asked again when it is up to date
    logins = usable(connection)
    if not logins:
        return []
    return [f"数据库里有 {len(logins)} 个可以登录的演示账号 ({'、'.join(logins)}): 请执行 ./run demo retire 停用它们"]


async def wall_findings(database: Database) -> list[str]:
    """What is wrong with the wall, seen by the server itself; nothing where it is off, or where no table is yet."""
    return await database.look(_wall_findings) if database.walled else []


def _wall_findings(connection: Connection) -> list[str]:
    if connection.scalar(sa.text("SELECT to_regclass('alembic_version')")) is None:
        return []
    hint = "请执行 ./run wall up"
    if walls.standing(connection) is None:
        return [f"FENGQIAO_ROW_LEVEL_SECURITY 已启用，数据库里却没有行级安全：{hint}"]
    bare = walls.bare(connection, guarded())
    if bare:
        return [f"{'、'.join(bare)} 没有 FORCE ROW LEVEL SECURITY（FENGQIAO_ROW_LEVEL_SECURITY 已启用）：{hint}"]
    role = str(connection.scalar(sa.text("SELECT current_user::text")))
    if not walls.is_current(connection, role, statements(role)):
        return [f"数据库里的行级安全与权限矩阵不符，或被人改动（FENGQIAO_ROW_LEVEL_SECURITY 已启用）：{hint}"]
    return []


def sqlite_findings(connection: Connection) -> list[str]:
    """SQLite as this server opens it: a write-ahead log that is synced at every commit."""
    found = []
    if connection.exec_driver_sql("PRAGMA synchronous").scalar_one() < 2:
        found.append("SQLite 的 synchronous 低于 FULL（FENGQIAO_DATABASE_URL）：断电会丢失已答复的写入，请改为 FULL")
    if connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() not in ("wal", "delete", "truncate", "persist"):
        found.append("SQLite 的 journal_mode 不能是 off 或 memory（FENGQIAO_DATABASE_URL）：请改为 wal")
    return found


def postgres_findings(connection: Connection) -> list[str]:
    """PostgreSQL as this server's own connections see it: role and database may set what the server does not."""
    values = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in DURABLE}
    return [
        f"PostgreSQL 的 {name} 是 {values[name]}（FENGQIAO_DATABASE_URL）：崩溃会丢失已答复的写入，请设为 on"
        for name, safe in DURABLE.items()
        if values[name] not in safe
    ]


def role_findings(connection: Connection) -> list[str]:
    """The role of the running server under row-level security: it stands behind the wall, not above it."""
    asked = "SELECT rolsuper, rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user"
    is_super, bypasses, name = connection.exec_driver_sql(asked).one()
    hint = "行级安全（FENGQIAO_ROW_LEVEL_SECURITY）要求运行账号不拥有任何表，请为服务另建一个普通账号"
    if is_super:
        return [f"数据库运行账号 {name} 是超级用户：{hint}"]
    found = [f"数据库运行账号 {name} 有 BYPASSRLS：{hint}"] if bypasses else []
    tables = connection.scalar(sa.text(_OWNED))
    return [*found, f"数据库运行账号 {name} 拥有 {tables} 张表：{hint}"] if tables else found
