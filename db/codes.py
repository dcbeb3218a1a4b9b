"""Every code that an answer may carry, with what it means and what helps: the API's enums and docs/errors.md.

A fault stands in a mutation's payload and can be mended by whoever wrote the input; an error stands at the top of the
answer. Nothing raises a code that is not listed here.
"""

from __future__ import annotations

import enum
from typing import Self


class Told(enum.Enum):
    """A code, its meaning and what helps, in Chinese; its meaning in English."""

    zh: str
    remedy: str
    en: str

    def __new__(cls, zh: str, remedy: str, en: str) -> Self:
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.zh, member.remedy, member.en = zh, remedy, en
        return member


class FaultCode(Told):
    """可以改正的一处错误是什么。What a fault is."""

    RULE = "违反一条业务规则，code 是其编号 BR-nn", "按规则改正", "A rule of the field; its number is the code."
    REQUIRED = "必填的没有填", "补上", "Missing."
    TOO_LONG = "超过长度", "缩短", "Too long."
    PATTERN = "格式不对", "按说明的格式填写", "Of the wrong form."
    CHECKSUM = "校验码不对", "核对号码", "The check digit is wrong."
    RANGE = "超出允许的范围", "改到范围之内", "Out of range."
    NOT_FOUND = (
        "没有所指的记录，或无权查看",
        "核对编号；确有此项时请其管理机构办理",
        "There is none, or none one may see.",
    )
    NOT_UNIQUE = "已被使用", "换一个，或修改已有的那条", "In use already."
    READ_ONLY = "不能由使用者填写或修改", "去掉这一项", "Not to be written."
    STATE = "现在的状态不能这样办", "重新读取后再办", "Not in this state."
    CONFLICT = "期间已被他人修改，或同一 Idempotency-Key 下换了内容", "重新读取、核对后再提交", "Changed meanwhile."
    FORBIDDEN = "批量写入中，无权改这一条", "请有权的机构办理", "Of a bulk write: not allowed for this row."


class ErrorCode(Told):
    """请求不能处理时的代码，见 extensions.code。Codes of requests that fail, in extensions.code."""

    UNAUTHENTICATED = "没有登录，或者令牌无效", "登录，或换一个令牌", "Nobody is signed in, or the token is wrong."
    FORBIDDEN = "没有权限", "用 explainAccess 看原因，请管理机构授权", "Not allowed."
    BAD_INPUT = "请求本身有误", "按 message 和 path 改正请求", "The request itself is wrong."
    RATE_LIMITED = "次数过多", "等 Retry-After（extensions.retryAfter）秒后再试", "Too often; wait retryAfter seconds."
    TOO_EXPENSIVE = "请求过大", "减少行数、层数或字段，或分几次查询", "Too large; ask for less."
    TIMEOUT = "处理超时，写入没有生效", "缩小范围后再试", "Too slow; nothing was written."
    UNAVAILABLE = (
        "系统繁忙，或数据库暂时无法访问",
        "等 Retry-After 秒后再试",
        "Busy, or the database is away; try again.",
    )
    INTERNAL = "服务器内部错误", "把 message 中的编号告诉管理员", "A failure of the server; tell its reference."


class Reason(Told):
    """有的错误另有 extensions.reason，供程序区分。What some errors tell programs beside their code."""

    INVALID_TOKEN = "令牌不存在、已停用或已过期", "换一个令牌", "The token is wrong, revoked or expired."
    PERSISTED_QUERY_NOT_FOUND = "没有登记这个查询", "连同全文再发一次", "The document is not known; send its text."
    NOT_REGISTERED = "只执行登记过的查询", "请管理员登记", "Only registered documents run here."


RULES = {
    "BR-01": ("调委会委员应为 3 至 9 人", "A committee has 3 to 9 members."),
    "BR-02": ("同一时间应有且只有 1 名主任", "There is exactly one director at a time."),
    "BR-03": ("委员中应有妇女", "There is a woman among the members."),
    "BR-04": ("多民族居住地区应有人数较少民族的委员", "Less populous ethnic groups have a member where several live."),
    "BR-05": ("任期按规定的月数，届满前应换届", "A term has its months; a new one begins when it ends."),
    "BR-06": ("委员的产生方式应与调委会类型相符", "Members come in as the type of committee asks."),
    "BR-14": ("专职调解员同一时间只能在一个调委会", "Full time in one committee at a time."),
    "BR-24": ("案件的各日期应前后相符", "The dates of a case follow each other."),
    "BR-25": ("性别、出生日期应与身份证号相符", "Sex and day of birth are those of the identity number."),
}
"""Rules that a write may break: number -> what they ask."""


def kind_of(code: str) -> FaultCode:
    """The kind of a fault's code. Raises KeyError for a code that is not listed."""
    return FaultCode.RULE if code in RULES else FaultCode[code]
