"""Every setting of the server: ``FENGQIAO_`` in the environment, its default and what it means."""

from __future__ import annotations

import functools
import os
import secrets
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
SECRET_FILE = ROOT / "var" / "secret.key"
AUDIT_DAYS = 180
"""The law's six months (Cybersecurity Law, logs)."""


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
    previous_secret_keys: list[str] = Field(
        [], description="更换之前的密钥，最近的在前：只用来读取，./run keys rotate 之后可以去掉"
    )
    production: bool = Field(False, description="正式环境：Cookie 只走 HTTPS，启动自检不通过则拒绝启动")
    demo_password: str | None = Field(None, description="演示账号的口令；不设则首次启动生成并显示")
    pool_size: int = Field(8, description="数据库连接数")
    statement_seconds: float = Field(10.0, description="一条语句最长执行秒数")
    lock_seconds: float = Field(10.0, description="写入时等待他人所持锁的最长秒数")
    request_seconds: float = Field(30.0, description="一次查询请求最长处理秒数")
    export_seconds: float = Field(600.0, description="一次导出最长秒数")
    requests_in_work: int = Field(8, description="同时处理的请求数，一人至多占一半")
    requests_waiting: int = Field(256, description="排队等候的请求数，一人至多占一半；超出即答复 503")
    wait_seconds: float = Field(2.0, description="排队停滞几秒后答复 503")
    session_idle_minutes: int = Field(30, description="登录后无操作的有效分钟数")
    session_hours: int = Field(12, description="一次登录最长有效小时数")
    lock_after: int = Field(5, description="连续失败几次后锁定账号")
    lock_minutes: int = Field(10, description="锁定分钟数")
    cors_origins: list[str] = Field([], description="允许的自建前端来源，如 https://example.gov.cn")
    term_months: int = Field(36, description="调委会任期月数（D8）")
    filing_days: int = Field(30, description="备案期限天数（BR-07）")
    suppress_below: int = Field(5, description="只看汇总的角色，少于此数的单元格不显示")
    aggregates_per_hour: int = Field(1000, description="只看汇总的角色，每个账号每小时最多几种不同的汇总查询")
    reveals_per_hour: int = Field(20, description="一人一小时内最多查看原文和按证件查找几次")
    reveal_minutes: int = Field(5, description="查看的原文应在几分钟后从屏幕上消失")
    refused_writes_per_hour: int = Field(120, description="一人一小时内的写入被拒几次后，暂停其写入")
    audit_days: int = Field(365, description="审计记录保存天数，不得少于 180；到期的由 ./run audit prune 清理")
    use_rollups: bool = Field(True, description="统计能用汇总表时用汇总表，结果与逐条统计相同")
    query_bytes: int = Field(100_000, description="查询文本最多字节数（变量另计，整个请求不超过 1 MB）")
    query_tokens: int = Field(10_000, description="查询文本最多记号数")
    query_comments: int = Field(1_000, description="查询文本最多注释数")
    query_operations: int = Field(10, description="一个查询文本最多几个操作")
    query_fragments: int = Field(100, description="一个查询文本最多几个片段")
    query_variables: int = Field(200, description="一个操作最多几个变量")
    query_fields: int = Field(1_000, description="一个操作展开片段后最多几个字段")
    query_repeats: int = Field(50, description="一个操作最多几个重复书写的字段")
    query_aliases: int = Field(200, description="一个操作展开片段后最多几个别名")
    query_directives: int = Field(200, description="一个操作展开片段后最多几个指令")
    query_literals: int = Field(1_500, description="查询文本里最多写几个参数值，再多用变量")
    query_values: int = Field(20_000, description="一个请求的变量最多几个值")
    query_depth: int = Field(12, description="一个操作最多套几层实体")
    query_cost: int = Field(500_000, description="一个操作的最高价格，大致一个值为一，见 docs/limits.md")
    nested_rows: int = Field(10, description="一条记录下的列表没有写 first 时，按几条计价")
    documents: Path | None = Field(None, description="登记的查询文件：JSON，{编号: 查询文本}")
    only_registered_documents: bool = Field(False, description="只执行登记的查询和管理后台自己的查询")
    bulk_rows: int = Field(10_000, description="一次批量写入最多的条数")
    ide: bool = Field(True, description="是否提供 GraphQL 查询页面")
    introspection: bool = Field(True, description="是否允许查询模式定义")

    def problems(self) -> list[str]:
        """What must be mended before the server starts, as sentences; most of it matters with `production` only."""
        kinds = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
        if not self.database_url.startswith(kinds):
            return [f"FENGQIAO_DATABASE_URL 应以 {kinds[0]} 或 {kinds[1]} 开头"]
        if self.documents is not None and not self.documents.is_file():
            return ["FENGQIAO_DOCUMENTS 指定的文件不存在"]
        if self.audit_days < AUDIT_DAYS:
            return [f"审计记录至少保存 {AUDIT_DAYS} 天：FENGQIAO_AUDIT_DAYS"]
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
        secret = {"secret_key", "previous_secret_keys", "demo_password"}
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

    def secrets(self) -> list[bytes]:
        """The installation's secrets, the current one first, then those that still read what they once wrote.

        Without a setting they are the lines of ``var/secret.key``: made on first use, readable by its owner only.
        """
        if self.secret_key:
            return [secret.encode() for secret in (self.secret_key, *self.previous_secret_keys)]
        if not SECRET_FILE.exists():
            SECRET_FILE.parent.mkdir(exist_ok=True)
            _write_secret(SECRET_FILE, secrets.token_hex(32))
        return SECRET_FILE.read_bytes().split()

    def renew_secret(self) -> None:
        """Put a new secret at the head of ``var/secret.key``; what was made with the others stays readable."""
        _replace_secrets([secrets.token_hex(32).encode(), *self.secrets()])

    def drop_earlier_secrets(self) -> None:
        """Leave only the current secret in ``var/secret.key``: nothing is encrypted with another one any more."""
        _replace_secrets(self.secrets()[:1])


def _replace_secrets(known: list[bytes]) -> None:
    fresh = SECRET_FILE.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    _write_secret(fresh, b"\n".join(known).decode())
    fresh.replace(SECRET_FILE)


def _write_secret(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


@functools.cache
def get_settings() -> Settings:
    """The settings of this process."""
    return Settings()
