"""sign-in attempts"""
# ruff: noqa
# fmt: off

import sqlalchemy as sa
from alembic import op
from db import types

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sign_in_attempt',
    sa.Column('name', types.Text(64), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('until', types.Moment(), nullable=True),
    sa.Column('ends_at', types.Moment(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_sign_in_attempt'))
    )
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_attempt_ends_at'), ['ends_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_attempt_ends_at'))

    op.drop_table('sign_in_attempt')
