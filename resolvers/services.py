"""What the public faces work with, made once per process by ``app``."""

from __future__ import annotations

from dataclasses import dataclass

from db.engine import Database
from db.registry import Registry
from resolvers.acting import check_acts
from resolvers.commands.job_runs import Jobs
from resolvers.commands.write import Commands
from resolvers.run import Reads
from resolvers.streams import Exports
from settings import Settings


@dataclass(frozen=True)
class Services:
    """The one way to read and the one way to write, for GraphQL, the admin and the command line alike."""

    settings: Settings
    database: Database
    entities: Registry
    commands: Commands
    reads: Reads
    exports: Exports
    jobs: Jobs


def make_services(settings: Settings, database: Database, entities: Registry) -> Services:
    """The services of a process over one database. Raises ModelMistake where models and acts differ."""
    check_acts(entities)
    commands, reads = Commands(database, entities), Reads(database, entities)
    jobs = Jobs(database.as_system(), entities)
    return Services(settings, database, entities, commands, reads, Exports(database, entities), jobs)
