"""The pages that are made from the source: docs/errors.md, and the scalars in docs/clients.md."""

from __future__ import annotations

from collections.abc import Iterable

from db.codes import RULES, ErrorCode, FaultCode, Reason, Told
from schema.scalars import SCALARS
from settings import ROOT

ERRORS, CLIENTS = ROOT / "docs" / "errors.md", ROOT / "docs" / "clients.md"
_MARKS = ("<!-- scalars -->", "<!-- /scalars -->")


def errors_page() -> str:
    """All codes with meaning and remedy, as Markdown."""
    rules = "".join(f"| `{number}` | {zh} | {en} |\n" for number, (zh, en) in RULES.items())
    return f"""# 错误代码 Codes of errors

本页由 `./run schema export` 从 `db/codes.py` 生成，请勿手改。Made from the source; do not edit.

## 可以改正的错误 Faults: `errors {{ path code kind message }}`

写在写入结果的 `errors` 里，一次列出全部；`path` 从参数名起。`kind` 是枚举 `FaultCode`，
`code` 与它相同，业务规则的 `code` 是规则编号。

{_table(FaultCode)}
## 业务规则 Rules: `kind: RULE`

| code | 要求 | what it asks |
|---|---|---|
{rules}
## 请求不能处理 Errors: `extensions.code`

写在回答顶层的 `errors` 里，枚举 `ErrorCode`。带 `retryAfter` 的同时有 `Retry-After` 头；401 都有 `WWW-Authenticate`，
令牌无效时为 `Bearer error="invalid_token"`。

{_table(ErrorCode)}
## 另外说明 `extensions.reason`

{_table(Reason)}"""


def scalars() -> str:
    """What the scalars are in TypeScript and in Python, as settings of the usual generators."""
    types = "".join(f"          {name}: {typescript}\n" for name, (typescript, _) in SCALARS.items())
    python = "".join(f'[tool.ariadne-codegen.scalars.{name}]\ntype = "{kind}"\n' for name, (_, kind) in SCALARS.items())
    return f"""
GraphQL Code Generator（TypeScript），`codegen.yml`：

```yaml
schema: schema.graphql
generates:
  src/graphql.ts:
    plugins: [typescript, typescript-operations, typed-document-node]
    config:
      strictScalars: true
      enumsAsTypes: true
      scalars:
{types.replace("          ", "        ")}```

ariadne-codegen（Python），`pyproject.toml`：

```toml
{python}```
"""


def clients_page(text: str) -> str:
    """The page for clients with the scalars as they are now. Raises ValueError where it has no place for them."""
    before, _, rest = text.partition(_MARKS[0])
    _, _, after = rest.partition(_MARKS[1])
    if not rest or not after:
        raise ValueError(f"docs/clients.md 缺少 {_MARKS[0]} … {_MARKS[1]}")
    return f"{before}{_MARKS[0]}{scalars()}{_MARKS[1]}{after}"


def export() -> str:
    """Write both pages and say so."""
    ERRORS.write_text(errors_page(), encoding="utf-8")
    CLIENTS.write_text(clients_page(CLIENTS.read_text(encoding="utf-8")), encoding="utf-8")
    return f"已写入 docs/errors.md（{len(FaultCode) + len(ErrorCode) + len(RULES)} 个代码）、docs/clients.md。"


def _table(codes: Iterable[Told]) -> str:
    rows = "".join(f"| `{code.name}` | {code.zh} | {code.remedy} | {code.en} |\n" for code in codes)
    return f"| code | 含义 | 怎么办 | meaning |\n|---|---|---|---|\n{rows}"
