"""a line for every row that an act touches, and their order"""
# ruff: noqa
# fmt: off

import sqlalchemy as sa
from alembic import op
from db import types

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lines_digest', types.Text(64), nullable=True))
    op.create_table('audit_line',
    sa.Column('id', types.Key(), nullable=False),
    sa.Column('audit_log_id', types.Key(), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('entity', types.Text(60), nullable=False),
    sa.Column('entity_id', types.Text(60), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('change', types.Choice(('CREATED', 'CHANGED', 'REMOVED')), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('changed', types.Json(), nullable=True),
    sa.Column('before', types.Json(), nullable=True),
    sa.Column('after', types.Json(), nullable=True),
    sa.Column('technical', sa.Boolean(), nullable=False),
    sa.Column('scope_path', types.Text(80), nullable=False),
    sa.Column('created_at', types.Moment(), nullable=False),
    sa.Column('updated_at', types.Moment(), nullable=False),
    sa.Column('deleted_at', types.Moment(), nullable=True),
    sa.Column('created_by_id', types.Key(), nullable=True),
    sa.Column('updated_by_id', types.Key(), nullable=True),
    sa.CheckConstraint("change IN ('CREATED', 'CHANGED', 'REMOVED')", name=op.f('ck_audit_line_change')),
    sa.ForeignKeyConstraint(['audit_log_id'], ['audit_log.id'], name=op.f('fk_audit_line_audit_log_id_audit_log')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_line'))
    )
    with op.batch_alter_table('audit_line', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_line_audit_log_id'), ['audit_log_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_line_entity_id'), ['entity_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_line_scope_path'), ['scope_path'], unique=False)
    op.create_table('outbox_entry',
    sa.Column('n', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('line_id', types.Key(), nullable=False),
    sa.PrimaryKeyConstraint('n', name=op.f('pk_outbox_entry'))
    )
    count = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    anew(
        sa.Column('id', count, autoincrement=True, nullable=False),
        sa.Column('record_id', types.Key(), nullable=False),
        sa.Column('mark', types.Text(64), nullable=False),
        sa.Column('secret', types.Text(8), nullable=False),
        sa.Column('numbered', sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_waiting')),
        sa.UniqueConstraint('record_id', name=op.f('uq_audit_waiting_record_id')),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table('audit_waiting', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.alter_column('numbered', existing_type=sa.Boolean(), server_default=None)


def anew(*columns: sa.schema.SchemaItem, **options: bool) -> None:
    """Make the line of those that wait anew: it gets, or loses, the number of the place. Few wait at any time."""
    connection = op.get_bind()
    line = sa.table('audit_waiting', sa.column('record_id', types.Key()), sa.column('mark'), sa.column('secret'))
    waits = [dict(row) for row in connection.execute(sa.select(line).order_by(line.c.record_id)).mappings()]
    op.drop_table('audit_waiting')
    op.create_table('audit_waiting', *columns, **options)
    if waits:
        connection.execute(sa.insert(line), waits)


def downgrade() -> None:
    anew(
        sa.Column('record_id', types.Key(), nullable=False),
        sa.Column('mark', types.Text(64), nullable=False),
        sa.Column('secret', types.Text(8), nullable=False),
        sa.PrimaryKeyConstraint('record_id', name=op.f('pk_audit_waiting')),
    )
    op.drop_table('outbox_entry')
    op.drop_table('audit_line')
    op.execute("DELETE FROM number_series WHERE name = 'outbox'")
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.drop_column('lines_digest')
