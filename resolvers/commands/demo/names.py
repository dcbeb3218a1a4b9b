"""Invented people, numbers and firms.

Every value is well formed and none can belong to anybody: citizen numbers and credit codes carry a county code (..99)
that was never given out, mobile numbers begin with 160 and public phones with 00, which no operator uses.
"""

from __future__ import annotations

import datetime as dt
from random import Random

from stdnum.cn import uscc

from db.checksums import citizen_check_digit

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶"
    "程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦方白邹孟熊秦邱江尹薛段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤"
)
MALE = "伟强军磊勇杰涛斌波辉刚健明亮林峰超鹏飞平东海宁志文华建国庆成德荣光正义和润学诚思源立坤维舟岳衡"
FEMALE = "芳娜敏静丽艳娟霞燕玲萍红梅兰英莉慧洁琳云晓雪月琴秀珍佳怡欣悦宁婷雯蕾菲倩瑶璐颖淑凤若初澄禾"
TRADE_NAMES = "枫澄禾硕溪穗砚棠泽圃麓岑汀榆翎铎沣璟珩岫笙禹葭霁昕柘"
TRADES = {
    "C": ("精密机械", "电子材料", "包装制品", "食品"),
    "E": ("建筑工程", "装饰工程"),
    "F": ("商贸", "百货"),
    "G": ("物流", "运输"),
    "H": ("餐饮管理", "酒店管理"),
    "I": ("软件", "网络科技"),
    "K": ("物业服务", "置业"),
    "L": ("企业服务", "人力资源"),
    "O": ("家政服务", "汽车维修"),
    "R": ("文化传播", "体育"),
}
# Days of birth before the day of the load: from 28 to 68 years.
_YOUNGEST, _BIRTHDAYS = 28 * 366, 40 * 365
_SLOTS = _BIRTHDAYS * 500
# Prime to _SLOTS (2·2·2·2·5·5·5·5·73): stepping by it meets every slot once before it meets one twice.
_STEP = 2_654_357
_PHONE_AREAS = {
    "3201": "025", "3202": "0510", "3203": "0516", "3204": "0519", "3205": "0512", "3206": "0513", "3207": "0518",
    "3208": "0517", "3209": "0515", "3210": "0514", "3211": "0511", "3212": "0523", "3213": "0527",
}  # fmt: skip


def person_name(chance: Random, female: bool) -> str:
    """A name of two or three characters."""
    given = FEMALE if female else MALE
    return chance.choice(SURNAMES) + "".join(chance.choices(given, k=1 if chance.random() < 0.2 else 2))


def citizen_number(serial: int, city: str, female: bool, today: dt.date) -> str:
    """The citizen number of the `serial`-th person of a load; different serials never get the same number."""
    days, order = divmod(serial * _STEP % _SLOTS, 500)
    born = today - dt.timedelta(days=_YOUNGEST + days)
    first17 = f"{city[:4]}99{born:%Y%m%d}{order * 2 + (0 if female else 1):03d}"
    return first17 + citizen_check_digit(first17)


def mobile(chance: Random) -> str:
    """A mobile number of eleven digits."""
    return f"160{chance.randrange(10**8):08d}"


def phone(chance: Random, city: str) -> str:
    """A public phone number."""
    return f"{_PHONE_AREAS.get(city[:4], '000')}-00{chance.randrange(10**6):06d}"


def bank_account(chance: Random) -> str:
    """A bank account: the issuer 0000 does not exist."""
    return f"0000{chance.randrange(10**15):015d}"


def credit_code(serial: int, city: str) -> str:
    """The unified social credit code of the `serial`-th unit of a load."""
    first17 = f"91{city[:4]}99{serial:09d}"
    return first17 + uscc.calc_check_digit(first17)


def firm(chance: Random, city_name: str) -> tuple[str, str]:
    """Name and industry section of an enterprise."""
    industry = chance.choice(tuple(TRADES))
    trade = chance.choice(TRADES[industry])
    return f"{city_name}{''.join(chance.sample(TRADE_NAMES, 3))}{trade}有限公司", industry


_ENDINGS = (
    ("村村民委员会", "村"), ("村村委会", "村"), ("村民委员会", "村"), ("村委会", "村"),
    ("居民委员会", ""), ("居委会", ""),
)  # fmt: skip


def short_place(name: str) -> str:
    """``锁一社区居委会`` -> ``锁一社区``: what stands in the name of a committee."""
    for ending, kept in _ENDINGS:
        if name.endswith(ending) and name != ending:
            return name.removesuffix(ending) + kept
    return name
