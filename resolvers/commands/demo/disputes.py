"""The words of invented cases, and how often which kind of dispute comes up (DOMAIN 7.2)."""

from __future__ import annotations

from random import Random

from db.models.cases.mediation_case import DisputeType, FocusTag
from db.models.register.mediation_committee import CommitteeType, IndustryDomain
from resolvers.commands.demo.names import SURNAMES

MIX: dict[DisputeType, float] = {
    DisputeType.NEIGHBOUR: 23, DisputeType.FAMILY: 20, DisputeType.DAMAGES: 12, DisputeType.TRAFFIC: 8,
    DisputeType.HOUSING_SITE: 7, DisputeType.CONTRACT: 10, DisputeType.PROPERTY: 5, DisputeType.OTHER_LABOUR: 4,
    DisputeType.MIGRANT_WAGES: 2, DisputeType.OTHER_CONSUMER: 2.5, DisputeType.MEDICAL: 1.2, DisputeType.BUSINESS: 1.2,
    DisputeType.REQUISITION: 0.8, DisputeType.ECOMMERCE: 0.7, DisputeType.ENVIRONMENT: 0.6, DisputeType.EDUCATION: 0.5,
    DisputeType.FINANCE: 0.5, DisputeType.FOREST_LAND: 0.3, DisputeType.TOURISM: 0.2, DisputeType.FIRE: 0.2,
    DisputeType.IP: 0.2, DisputeType.VILLAGE_AFFAIRS: 0.2, DisputeType.RESTRUCTURING: 0.1, DisputeType.OTHER: 0.8,
}  # fmt: skip
_TYPES, _WEIGHTS = tuple(MIX), tuple(MIX.values())
_BY_DOMAIN = {
    IndustryDomain.MEDICAL.name: DisputeType.MEDICAL,
    IndustryDomain.TRAFFIC.name: DisputeType.TRAFFIC,
    IndustryDomain.PROPERTY.name: DisputeType.PROPERTY,
    IndustryDomain.LABOUR.name: DisputeType.OTHER_LABOUR,
}
_ENTERPRISE = (DisputeType.OTHER_LABOUR, DisputeType.CONTRACT, DisputeType.DAMAGES)
WITH_MONEY = frozenset({
    DisputeType.DAMAGES, DisputeType.TRAFFIC, DisputeType.CONTRACT, DisputeType.PROPERTY, DisputeType.OTHER_LABOUR,
    DisputeType.MIGRANT_WAGES, DisputeType.OTHER_CONSUMER, DisputeType.MEDICAL, DisputeType.BUSINESS,
    DisputeType.ECOMMERCE,
    DisputeType.REQUISITION, DisputeType.FINANCE, DisputeType.TOURISM, DisputeType.FIRE, DisputeType.IP,
})  # fmt: skip
WITH_FIRMS = WITH_MONEY - {DisputeType.DAMAGES, DisputeType.TRAFFIC}
TAGS = {
    DisputeType.REQUISITION: FocusTag.REQUISITION,
    DisputeType.RESTRUCTURING: FocusTag.RESTRUCTURING,
    DisputeType.EDUCATION: FocusTag.EDUCATION,
    DisputeType.MEDICAL: FocusTag.MEDICAL,
    DisputeType.OTHER_LABOUR: FocusTag.LABOUR,
    DisputeType.MIGRANT_WAGES: FocusTag.LABOUR,
}
_FACTS: dict[DisputeType, tuple[str, ...]] = {
    DisputeType.NEIGHBOUR: (
        "因楼道堆放杂物影响通行发生争执",
        "因空调外机噪声影响休息多次争吵",
        "因楼上卫生间渗水致楼下吊顶受损",
        "因共用车位使用产生矛盾",
    ),
    DisputeType.FAMILY: (
        "因赡养老人的分工和费用意见不一",
        "因离婚后子女探望时间发生争执",
        "因父母遗留房屋的继承份额产生分歧",
        "因家庭开支和家务分担长期不和",
    ),
    DisputeType.DAMAGES: (
        "在小区内被对方饲养的犬只咬伤",
        "在店内因地面湿滑摔倒受伤",
        "因口角发生推搡致轻微受伤",
        "因施工不慎损坏对方财物",
    ),
    DisputeType.TRAFFIC: (
        "电动自行车与行人相撞致人受伤",
        "两车在路口剐蹭，对维修费用有争议",
        "停车时碰坏他人车辆，对赔偿数额不能一致",
    ),
    DisputeType.HOUSING_SITE: (
        "对相邻墙界和滴水位置有争议",
        "翻建房屋时对采光通风的影响有争议",
        "对共有房屋的使用和修缮费用有分歧",
    ),
    DisputeType.CONTRACT: ("因房屋租赁押金退还发生争议", "因装修工程质量和尾款支付发生争议", "因借款到期未还发生争议"),
    DisputeType.PROPERTY: (
        "因物业服务质量和物业费收取发生争议",
        "因公共收益的公示和使用产生矛盾",
        "因电梯维修责任意见不一",
    ),
    DisputeType.OTHER_LABOUR: (
        "因加班工资的计算发生争议",
        "因解除劳动合同的经济补偿发生争议",
        "因工伤期间的待遇发生争议",
    ),
    DisputeType.MIGRANT_WAGES: ("工程完工后班组工资未按约定结清", "因分包单位拖欠工资向项目部讨要"),
    DisputeType.MEDICAL: ("对诊疗效果不满意，要求退还费用并赔偿", "对术后护理是否尽责有争议"),
    DisputeType.OTHER_CONSUMER: ("购买的商品存在质量问题，商家拒绝退换", "预付卡余额因门店停业无法使用"),
}
_OTHER_FACTS = ("双方因权利义务约定不明发生争议", "双方对责任划分和处理方式意见不一")
_WISHES = (
    "要求对方赔礼道歉并承担相应费用",
    "要求明确责任并尽快解决",
    "希望调委会居中协调，达成书面协议",
    "要求对方停止影响并恢复原状",
)
_FOCUS = ("焦点在于责任比例和金额。", "焦点在于事实经过的认定。", "焦点在于今后如何相处和防止再次发生。")


def dispute_type(chance: Random, committee: CommitteeType, domain: str | None) -> DisputeType:
    """What a dispute before a committee of that kind is about."""
    if domain in _BY_DOMAIN and chance.random() < 0.9:
        return _BY_DOMAIN[domain]
    if committee is CommitteeType.ENTERPRISE and chance.random() < 0.8:
        return chance.choice(_ENTERPRISE)
    return chance.choices(_TYPES, _WEIGHTS)[0]


def words(chance: Random, kind: DisputeType) -> tuple[str, str, str]:
    """Title, summary and demand; people are named by their surname only."""
    one, other = chance.choice(SURNAMES), chance.choice(SURNAMES)
    fact = chance.choice(_FACTS.get(kind, _OTHER_FACTS))
    wish = chance.choice(_WISHES)
    summary = f"{one}某与{other}某{fact}，自行协商未果。{one}某{wish}。{chance.choice(_FOCUS)}"
    return f"{one}某与{other}某{kind.zh}", summary, wish + "。"
