"""known past"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FOUND_BY = {
    "committee_filing_history": (
        "checked_by_id committee_id court_notification_id filed_by_id filing_no region_id submitted_by_id"
    ),
    "committee_term_history": "committee_id region_id",
    "court_notification_history": "ack_by_id court_id region_id",
    "host_unit_history": "credit_code region_id",
    "mediation_case_history": "case_no committee_id difficulty_reviewed_by_id region_id",
    "mediation_committee_history": "code filing_bureau_id guiding_office_id host_unit_id region_id supervising_dept_id",
    "mediator_appointment_history": "committee_id mediator_id region_id",
    "mediator_history": "mediator_no region_id",
    "org_unit_coverage_history": "org_unit_id region_id",
    "org_unit_history": "head_user_id parent_id region_id",
    "parameter_history": "region_id",
    "partner_institution_history": "org_unit_id region_id",
    "region_history": "code parent_id path successor_id",
    "role_grant_history": "account_id committee_id mediator_id org_unit_id region_id",
    "studio_history": "committee_id host_partner_id leader_id region_id",
    "user_account_history": "login_name region_id",
}
"""Shadow -> the columns by which its rows are found."""
_SUFFIX = "_history"


def upgrade() -> None:
    """What was changed before there were shadows is known as it came to them: version 0 until its last change."""
    op.create_index(op.f("ix_region_code"), "region", ["code"])
    for shadow, columns in FOUND_BY.items():
        for column in columns.split():
            op.create_index(op.f(f"ix_{shadow}_{column}"), shadow, [column])
        table = shadow.removesuffix(_SUFFIX)
        names = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
        row = ", ".join("0" if name == "version" else name for name in names)
        op.execute(
            f"INSERT INTO {shadow} ({', '.join(names)}, stood_from, stood_to)"
            f" SELECT {row}, created_at, updated_at FROM {table} AS t WHERE version > 1 AND created_at < updated_at"
            f" AND NOT EXISTS (SELECT 1 FROM {shadow} AS h WHERE h.id = t.id)"
        )


def downgrade() -> None:
    """As before; of rows whose time before the shadows is not kept, nothing else is lost."""
    op.drop_index(op.f("ix_region_code"), "region")
    for shadow, columns in FOUND_BY.items():
        op.execute(f"DELETE FROM {shadow} WHERE version = 0")
        for column in columns.split():
            op.drop_index(op.f(f"ix_{shadow}_{column}"), shadow)
