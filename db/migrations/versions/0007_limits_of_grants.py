"""limits of grants, and in whose hand accounts are"""
# ruff: noqa
# fmt: off

import sqlalchemy as sa
from alembic import op
from db import types
from db.migrations.limits import given_within

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_hold',
    sa.Column('id', types.Key(), nullable=False),
    sa.Column('account_id', types.Key(), nullable=False),
    sa.Column('holder_id', types.Key(), nullable=False),
    sa.Column('since', types.Moment(), nullable=False),
    sa.Column('until', types.Moment(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['user_account.id'], name=op.f('fk_account_hold_account_id_user_account')),
    sa.ForeignKeyConstraint(['holder_id'], ['user_account.id'], name=op.f('fk_account_hold_holder_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_hold'))
    )
    with op.batch_alter_table('account_hold', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_hold_account_id'), ['account_id'], unique=False)
    with op.batch_alter_table('role_grant', schema=None) as batch_op:
        batch_op.add_column(sa.Column('within', types.Json(), nullable=True))
    # Grants that people gave are limited to what these could give, as far as their own grants still tell.
    given_within(op.get_bind())


def downgrade() -> None:
    with op.batch_alter_table('role_grant', schema=None) as batch_op:
        batch_op.drop_column('within')
    with op.batch_alter_table('account_hold', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_hold_account_id'))
    op.drop_table('account_hold')
