"""Every setting of the server: ``FENGQIAO_`` in the environment, its default and what it means."""

from __future__ import annotations

import functools
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
SECRET_FILE = ROOT / "var" / "secret.key"
AUDIT_DAYS = 180
"""The law's six months (Cybersecurity Law, logs)."""
SECRET_LENGTH = 32


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
    demo_password: str | None = Field(
        None, description="演示账号的口令；不设则首次启动生成，在终端上显示一次，没有终端则写入 var/demo-password"
    )
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
    password_length: int = Field(10, ge=8, le=16, description="口令最少字符数，8 至 16")
    password_classes: int = Field(3, ge=1, le=4, description="口令至少含小写字母、大写字母、数字、符号中的几种")
    password_history: int = Field(3, ge=0, le=10, description="新口令不能与最近几个用过的口令相同")
    second_factor_roles: list[str] = Field([], description='须启用两步验证的角色代码，如 ["PROV", "CITY", "SYS"]')
    token_days: int = Field(365, ge=1, le=3650, description="访问令牌最长有效天数")
    trusted_proxies: list[str] = Field(
        ["127.0.0.1", "::1"], description="前置代理的地址或网段：只采信它们报来的来源地址（X-Forwarded-For）"
    )
    tls: Literal["proxy"] | None = Field(None, description="HTTPS 由谁提供：proxy 即前置代理；正式环境必须说明")
    cors_origins: list[str] = Field([], description="允许的自建前端来源，如 https://example.gov.cn，逐个写全")
    cors_headers: list[str] = Field(
        [], description="自建前端另外要发的请求头，逐个写全；常见的已允许，见 docs/sign-in.md"
    )
    suppress_below: int = Field(5, description="只看汇总的角色，少于此数的分组合在一起、不显示分组键")
    aggregates_per_hour: int = Field(1000, description="只看汇总的角色，每个账号每小时最多几种不同的汇总查询")
    reveals_per_hour: int = Field(20, description="一人一小时内最多查看原文和按证件查找几次")
    reveal_minutes: int = Field(5, description="查看的原文应在几分钟后从屏幕上消失")
    refused_writes_per_hour: int = Field(120, description="一人一小时内的写入被拒几次后，暂停其写入")
    audit_days: int = Field(365, description="审计记录保存天数，不得少于 180；到期的由 ./run audit prune 清理")
    row_level_security: bool = Field(False, description="PostgreSQL 的行级安全作第二道墙，见 docs/wall.md")
    owner_database_url: str | None = Field(
        None, description="数据表所有者的数据库地址：启用行级安全后，升级、清理等 ./run 任务用它；不设则同 DATABASE_URL"
    )
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

    def as_owner(self) -> Settings:
        """The settings of tasks that change tables or look at everything: the owner is not behind the wall."""
        url = self.owner_database_url or self.database_url
        return self.model_copy(update={"database_url": url, "row_level_security": False})

    def problems(self) -> list[str]:
        """What must be mended before the server starts, as sentences; most of it matters with `production` only.

        What only the database can tell is looked at by ``permissions.self_check``.
        """
        kinds = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
        wrong = {
            f"FENGQIAO_DATABASE_URL 应以 {kinds[0]} 或 {kinds[1]} 开头": not self.database_url.startswith(kinds),
            "FENGQIAO_CORS_HEADERS 须逐个写出请求头的名称，不能用 *": any(
                not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name, re.ASCII) for name in self.cors_headers
            ),
            "FENGQIAO_DOCUMENTS 指定的文件不存在，请改正路径": bool(self.documents and not self.documents.is_file()),
            f"FENGQIAO_AUDIT_DAYS 不得少于 {AUDIT_DAYS}：审计记录至少保存 {AUDIT_DAYS} 天": self.audit_days
            < AUDIT_DAYS,
            "FENGQIAO_SECRET_KEY 未设，而 var/secret.key 他人可读：请执行 chmod 600 var/secret.key": (
                not self.secret_key and readable_by_others(SECRET_FILE)
            ),
        }
        return [sentence for sentence, found in wrong.items() if found] + self._in_production()

    def _in_production(self) -> list[str]:
        if not self.production:
            return []
        wrong = {
            f"须设置 FENGQIAO_SECRET_KEY（至少 {SECRET_LENGTH} 个随机字符），不用自动生成的密钥": not self.secret_key,
            "FENGQIAO_SECRET_KEY 太短或是示例：请换成随机字符，如 openssl rand -hex 32 的输出": (
                bool(self.secret_key) and is_weak(self.secret_key or "")
            ),
            "FENGQIAO_PREVIOUS_SECRET_KEYS 不能含现在的密钥：请去掉它": self.secret_key in self.previous_secret_keys,
            "须去掉 PYTHONDEVMODE、PYTHONASYNCIODEBUG 和 -X dev：正式环境不用调试方式运行": is_debugging(),
            "须设 FENGQIAO_IDE=false：正式环境不提供查询页面": self.ide,
            "须设 FENGQIAO_INTROSPECTION=false：正式环境不公开模式": self.introspection,
            "须去掉 FENGQIAO_DEMO_PASSWORD：正式环境没有演示账号": bool(self.demo_password),
            "须设 FENGQIAO_TLS=proxy，说明 HTTPS 由前置代理提供：正式环境的 Cookie 只走 HTTPS": self.tls is None,
            "FENGQIAO_TRUSTED_PROXIES 须写明前置代理的地址，不能留空，也不能用 *": (
                not self.trusted_proxies or "*" in self.trusted_proxies
            ),
            "FENGQIAO_CORS_ORIGINS 不能含 *：请逐个写出允许的来源": any("*" in origin for origin in self.cors_origins),
            "FENGQIAO_SESSION_HOURS 不应超过 24：一次登录最长 24 小时": self.session_hours > 24,
            "FENGQIAO_SESSION_IDLE_MINUTES 应在 1 到 120 之间": not 1 <= self.session_idle_minutes <= 120,
            "FENGQIAO_LOCK_AFTER 应在 1 到 10 之间：连续失败几次后锁定": not 1 <= self.lock_after <= 10,
            "FENGQIAO_LOCK_MINUTES 不应少于 10：锁定至少 10 分钟": self.lock_minutes < 10,
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
        if name in ("database_url", "owner_database_url") and value:
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
            SECRET_FILE.parent.mkdir(mode=0o700, exist_ok=True)
            _write_secret(SECRET_FILE, secrets.token_hex(32))
        return SECRET_FILE.read_bytes().split()

    def renew_secret(self) -> None:
        """Put a new secret at the head of ``var/secret.key``; what was made with the others stays readable."""
        _replace_secrets([secrets.token_hex(32).encode(), *self.secrets()])

    def drop_earlier_secrets(self) -> None:
        """Leave only the current secret in ``var/secret.key``: nothing is encrypted with another one any more."""
        _replace_secrets(self.secrets()[:1])


def is_weak(secret: str) -> bool:
    """Whether a secret is too short, too regular or an example that somebody copied."""
    examples = ("change", "secret", "example", "default", "password", "fengqiao", "密钥")
    return len(secret) < SECRET_LENGTH or len(set(secret)) < 10 or any(word in secret.lower() for word in examples)


def is_debugging() -> bool:
    """Whether Python itself was started for debugging."""
    return sys.flags.dev_mode or bool(os.environ.get("PYTHONASYNCIODEBUG"))


def readable_by_others(path: Path) -> bool:
    """Whether anybody but the owner of a file may read or change it."""
    return path.exists() and bool(path.stat().st_mode & 0o077)


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
