"""A sheet from the command line, with the rights of an account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy.engine import Connection

from db.engine import Database
from db.registry import registry
from permissions.accounts import account_by_login, load_viewer
from permissions.viewer import Viewer
from resolvers.commands.write import Commands
from resolvers.faults import bad_input
from resolvers.sheets.loading import Told, load, read_sheet


async def import_file(
    database: Database, login: str, entity: str, file: Path, write: bool, progress: Callable[[int, int, str], None]
) -> Told:
    """What became of the rows of a file. Raises Denied."""

    def found(connection: Connection) -> Viewer | None:
        account = account_by_login(connection, login)
        return load_viewer(connection, account.id) if account is not None else None

    viewer = await database.as_system().look(found)
    if viewer is None:
        raise bad_input(f"没有账号 {login}。", f"There is no account {login}.")
    if entity not in registry():
        raise bad_input(f"没有对象 {entity}。", f"There is no entity {entity}.")
    commands, told = Commands(database, registry()), Told(0)
    async for told in load(commands, viewer, read_sheet(commands, viewer, entity, file), write=write):
        progress(told.done, told.total, "写入" if write else "核对")
    return told
