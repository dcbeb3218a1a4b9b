"""headings among the counties are no districts"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As resolvers/commands/region_tree.py tells headings of the statisticians from regions since this version.
HEADINGS = (
    "市辖区",
    "县",
    "市辖县",
    "省直辖县级行政区划",
    "自治区直辖县级行政区划",
    "省直辖县级行政单位",
    "自治区直辖县级行政单位",
)
REGION = sa.table("region", sa.column("name"), sa.column("short_name"), sa.column("kind"))


def upgrade() -> None:
    """Lists since 2024 name 市辖区 among the counties; it was imported as an ordinary district called 市辖."""
    op.execute(
        sa.update(REGION)
        .where(REGION.c.name.in_(HEADINGS), REGION.c.kind != "VIRTUAL")
        .values(kind="VIRTUAL", short_name=REGION.c.name)
    )


def downgrade() -> None:
    """Nothing: what is a heading is one for an older program too, which only did not see it."""
