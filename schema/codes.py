"""The pages that are made from the source: docs/errors.md, and the scalars in docs/clients.md."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from graphql import GraphQLObjectType, is_non_null_type

from db.codes import RULES, ErrorCode, FaultCode, Reason, Told
from schema.build import build_schema
from schema.scalars import SCALARS
from settings import ROOT

ERRORS, CLIENTS = ROOT / "docs" / "errors.md", ROOT / "docs" / "clients.md"


def errors_page() -> str:
    """All codes with meaning and remedy, as Markdown."""
    rules = "".join(f"| `{number}` | {zh} | {en} |\n" for number, (zh, en) in RULES.items())
    return f"""# 错误代码 Codes of errors

本页由 `./run schema export` 从 `db/codes.py` 生成，请勿手改。Made from the source; do not edit.

## 可以改正的错误 Faults: `errors {{ path code kind severity message }}`

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


def values() -> str:
    """The types that have an ``id`` and are no rows, as caches want them."""
    objects = [gtype for gtype in build_schema().core.type_map.values() if isinstance(gtype, GraphQLObjectType)]
    named = [gtype for gtype in objects if "id" in gtype.fields]
    names = [gtype.name for gtype in named if not is_non_null_type(gtype.fields["id"].type)]
    listed = "\n".join(textwrap.wrap(" ".join(sorted(names)), 110, initial_indent="  ", subsequent_indent="  "))
    return f"""
```ts
export const VALUES = `
{listed}
`.trim().split(/\\s+/);
// Apollo:  new InMemoryCache({{typePolicies: Object.fromEntries(VALUES.map((name) => [name, {{keyFields: false}}]))}})
// urql:    cacheExchange({{keys: Object.fromEntries(VALUES.map((name) => [name, () => null]))}})
```
"""


def clients_page(text: str) -> str:
    """The page for clients with what follows from the source. Raises ValueError where it has no place for it."""
    for name, made in (("scalars", scalars()), ("values", values())):
        before, begun, rest = text.partition(f"<!-- {name} -->")
        _, ended, after = rest.partition(f"<!-- /{name} -->")
        if not begun or not ended:
            raise ValueError(f"docs/clients.md 缺少 <!-- {name} --> … <!-- /{name} -->")
        text = f"{before}{begun}{made}{ended}{after}"
    return text


def export() -> str:
    """Write both pages and say so."""
    ERRORS.write_text(errors_page(), encoding="utf-8")
    CLIENTS.write_text(clients_page(CLIENTS.read_text(encoding="utf-8")), encoding="utf-8")
    return f"已写入 docs/errors.md（{len(FaultCode) + len(ErrorCode) + len(RULES)} 个代码）、docs/clients.md。"


def _table(codes: Iterable[Told]) -> str:
    rows = "".join(f"| `{code.name}` | {code.zh} | {code.remedy} | {code.en} |\n" for code in codes)
    return f"| code | 含义 | 怎么办 | meaning |\n|---|---|---|---|\n{rows}"
