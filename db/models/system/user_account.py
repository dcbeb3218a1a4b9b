"""UserAccount 账号."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Entity, flag, integer, moment, ref, text


class UserAccount(Scoped):
    """账号：登录系统的人或系统。

    A person or system that signs in. Passwords are argon2id hashes and never leave the server.
    """

    __entity__ = Entity(
        zh="账号",
        prefix="ua",
        label="person_name",
        menu="系统",
        listed=("login_name", "person_name", "region_id", "is_active"),
        technical=True,
        matrix=dict(PROV="RCU P", CITY="RCU C", DIST="RCU D", OFFC="RCU S", SYS="RCU A"),
    )  # fmt: skip

    login_name: Mapped[str] = text(
        "登录名", "Unique, lower case.", 50, unique=True, pattern=r"[a-z][a-z0-9._\-]{1,49}",
        pattern_zh="小写字母开头，由小写字母、数字、点、横线组成", fixed=True,
    )  # fmt: skip
    person_name: Mapped[str] = text("姓名", "Who it is.", 50)
    region_id: Mapped[str] = ref("Region", "所在区划", "Where the person works.", fixed=True)
    mfa_enabled: Mapped[bool] = flag("两步验证", "Whether a second factor is set up.", computed=True, volatile=True)
    is_active: Mapped[bool] = flag("启用", "May sign in.", default=True)
    is_service: Mapped[bool] = flag("系统对接", "A program: tokens only, never a password.", fixed=True)
    addresses: Mapped[str | None] = text(
        "来源地址", "Networks it may be used from, such as 10.32.0.0/16, with spaces between; a program needs one.", 500
    )
    password_hash: Mapped[str | None] = text("口令", "Argon2id hash.", 255, hidden=True)
    must_change_password: Mapped[bool] = flag("需改密码", "Must change the password.", hidden=True)
    failed_sign_ins: Mapped[int] = integer("连续失败", "Failures in a row.", default=0, hidden=True)
    locked_until: Mapped[dt.datetime | None] = moment("锁定至", "No sign-in before.", computed=True, volatile=True)
