"""Every setting of the server: ``FENGQIAO_`` in the environment, its default and what it means."""

from __future__ import annotations

import functools
import os
import secrets
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent


class Settings(BaseSettings):
    """What an installation may choose. Values marked A in DOMAIN.md are defaults, not law."""

    model_config = SettingsConfigDict(env_prefix="FENGQIAO_", extra="ignore")

    database_url: str = Field(
        f"sqlite+aiosqlite:///{ROOT / 'var' / 'fengqiao.db'}",
        description="数据库地址：sqlite+aiosqlite:///PATH 或 postgresql+asyncpg://…",
    )
    secret_key: str | None = Field(
        None, description="加密和签名用的密钥，至少 32 个字符；不设则首次启动生成 var/secret.key"
    )
    production: bool = Field(False, description="正式环境：Cookie 只走 HTTPS，启动自检不通过则拒绝启动")
    demo_password: str | None = Field(None, description="演示账号的口令；不设则首次启动生成并显示")
    pool_size: int = Field(8, description="数据库连接数")
    statement_seconds: float = Field(10.0, description="一条语句最长执行秒数")
    session_idle_minutes: int = Field(30, description="登录后无操作的有效分钟数")
    session_hours: int = Field(12, description="一次登录最长有效小时数")
    lock_after: int = Field(5, description="连续失败几次后锁定账号")
    lock_minutes: int = Field(10, description="锁定分钟数")
    cors_origins: list[str] = Field([], description="允许的自建前端来源，如 https://example.gov.cn")
    term_months: int = Field(36, description="调委会任期月数（D8）")
    filing_days: int = Field(30, description="备案期限天数（BR-07）")
    suppress_below: int = Field(5, description="只看汇总的角色，少于此数的单元格不显示")
    ide: bool = Field(True, description="是否提供 GraphQL 查询页面")
    introspection: bool = Field(True, description="是否允许查询模式定义")

    def problems(self) -> list[str]:
        """What must be mended before the server starts, as sentences; most of it matters with `production` only."""
        kinds = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
        if not self.database_url.startswith(kinds):
            return [f"FENGQIAO_DATABASE_URL 应以 {kinds[0]} 或 {kinds[1]} 开头"]
        if not self.production:
            return []
        wrong = {
            "须设置 FENGQIAO_SECRET_KEY（至少 32 个字符），不用自动生成的密钥": len(self.secret_key or "") < 32,
            "须关闭查询页面：FENGQIAO_IDE=false": self.ide,
            "须关闭模式查询：FENGQIAO_INTROSPECTION=false": self.introspection,
            "不能设置演示口令 FENGQIAO_DEMO_PASSWORD": bool(self.demo_password),
            "FENGQIAO_CORS_ORIGINS 不能含 *": "*" in self.cors_origins,
            "一次登录最长不应超过 24 小时：FENGQIAO_SESSION_HOURS": self.session_hours > 24,
            "连续失败锁定次数应在 1 到 10 之间：FENGQIAO_LOCK_AFTER": not 1 <= self.lock_after <= 10,
        }
        return [sentence for sentence, found in wrong.items() if found]

    def listing(self) -> list[tuple[str, str, str]]:
        """Every setting: its variable, its value (secrets hidden) and what it means."""
        secret = {"secret_key", "demo_password"}
        return [
            (
                f"FENGQIAO_{name.upper()}",
                "（已设置）" if name in secret and getattr(self, name) else self._shown(name),
                field.description or "",
            )
            for name, field in type(self).model_fields.items()
        ]

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        if name == "database_url":
            head, at, tail = str(value).rpartition("@")
            return f"{head.partition('://')[0]}://***@{tail}" if at else str(value)
        return "（未设置）" if value is None else str(value)

    def secret(self) -> bytes:
        """The installation's secret; made on first use and kept beside the database, readable by its owner only."""
        if self.secret_key:
            return self.secret_key.encode()
        path = ROOT / "var" / "secret.key"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
        return path.read_text().encode()


@functools.cache
def get_settings() -> Settings:
    """The settings of this process."""
    return Settings()
