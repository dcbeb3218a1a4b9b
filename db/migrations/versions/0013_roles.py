"""roles of a bureau's section, its payments and of grids"""
# ruff: noqa
# fmt: off

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

BEFORE = ('PROV', 'CITY', 'DIST', 'DHR', 'OFFC', 'CENT', 'COMM', 'MEDR', 'COURT', 'PART', 'AUDT', 'SYS')
NOW = ('PROV', 'CITY', 'DIST', 'DHR', 'SECT', 'FINA', 'OFFC', 'CENT', 'COMM', 'MEDR', 'GRID', 'COURT', 'PART', 'AUDT', 'SYS')


def upgrade() -> None:
    _allow(NOW)


def downgrade() -> None:
    grants = sa.table('role_grant', sa.column('role', sa.String()))
    op.execute(sa.delete(grants).where(grants.c.role.not_in(BEFORE)))  # an older version cannot read them
    _allow(BEFORE)


def _allow(roles: tuple[str, ...]) -> None:
    """Only these roles may be granted."""
    listed = ', '.join(f"'{role}'" for role in roles)
    with op.batch_alter_table('role_grant', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_role_grant_role'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_role_grant_role'), f'role IN ({listed})')
