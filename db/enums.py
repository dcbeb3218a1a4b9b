"""The enumerations of DOMAIN 2.1 that the register needs: name for the API, code for exchange, Chinese for people.

The third value is the column of the official statistics (D6), where there is one.
"""

from __future__ import annotations

from db.facts import Code, Role

__all__ = ["Role"]


class RegionLevel(Code):
    """区划级别. Level of a region."""

    NATION = "0", "国家"
    PROVINCE = "1", "省"
    CITY = "2", "市（地级）"
    DISTRICT = "3", "县（市、区）"
    STREET = "4", "街道、镇、乡"
    VILLAGE = "5", "村、社区"


class RegionKind(Code):
    """区划性质. Whether a region is one by law."""

    STANDARD = "STANDARD", "法定区划"
    FUNCTIONAL_ZONE = "FUNCTIONAL_ZONE", "开发区等功能区"
    VIRTUAL = "VIRTUAL", "汇总码"


class UrbanRuralCode(Code):
    """城乡分类. Urban and rural classes of villages and communities."""

    MAIN_URBAN = "111", "主城区"
    URBAN_FRINGE = "112", "城乡结合区"
    TOWN_CENTER = "121", "镇中心区"
    TOWN_FRINGE = "122", "镇乡结合区"
    SPECIAL_AREA = "123", "特殊区域"
    TOWNSHIP_CENTER = "210", "乡中心区"
    VILLAGE = "220", "村庄"


class OrgUnitKind(Code):
    """机构类别. Kind of organisational unit."""

    PROVINCIAL_DEPT = "PROVINCIAL_DEPT", "省司法厅"
    CITY_BUREAU = "CITY_BUREAU", "市司法局"
    DISTRICT_BUREAU = "DISTRICT_BUREAU", "区（县）司法局"
    BUREAU_SECTION = "BUREAU_SECTION", "局机关科室"
    JUDICIAL_OFFICE = "JUDICIAL_OFFICE", "司法所"
    MEDIATION_CENTER = "MEDIATION_CENTER", "矛调中心"
    STREET_OFFICE = "STREET_OFFICE", "街道办、乡镇政府"
    PARTNER = "PARTNER", "联动单位"


class KeyFunction(Code):
    """四项职能. The four functions of a judicial office."""

    MEDIATION = "1", "人民调解"
    CORRECTION = "2", "社区矫正"
    PUBLICITY = "3", "法治宣传"
    LEGAL_SERVICE = "4", "法律服务"


class HostUnitKind(Code):
    """设立单位类别. Kind of unit that hosts a committee."""

    ENTERPRISE = "ENTERPRISE", "企业"
    INSTITUTION = "INSTITUTION", "事业单位"
    SOCIAL_ORG = "SOCIAL_ORG", "社会团体"
    MARKET = "MARKET", "集贸市场"
    ZONE = "ZONE", "园区"


class IndustrySection(Code):
    """国民经济行业门类. Sections of GB/T 4754."""

    A = "A", "农、林、牧、渔业", "", "agriculture"
    B = "B", "采矿业", "", "mining"
    C = "C", "制造业", "", "manufacturing"
    D = "D", "电力、热力、燃气及水生产和供应业", "", "utilities"
    E = "E", "建筑业", "", "construction"
    F = "F", "批发和零售业", "", "wholesale and retail"
    G = "G", "交通运输、仓储和邮政业", "", "transport and storage"
    H = "H", "住宿和餐饮业", "", "accommodation and catering"
    I = "I", "信息传输、软件和信息技术服务业", "", "information technology"  # noqa: E741 - the standard's letter
    J = "J", "金融业", "", "finance"
    K = "K", "房地产业", "", "real estate"
    L = "L", "租赁和商务服务业", "", "leasing and business services"
    M = "M", "科学研究和技术服务业", "", "research and technical services"
    N = "N", "水利、环境和公共设施管理业", "", "water, environment and public facilities"
    O = "O", "居民服务、修理和其他服务业", "", "resident services and repair"  # noqa: E741 - the standard's letter
    P = "P", "教育", "", "education"
    Q = "Q", "卫生和社会工作", "", "health and social work"
    R = "R", "文化、体育和娱乐业", "", "culture, sports and entertainment"
    S = "S", "公共管理、社会保障和社会组织", "", "public administration"
    T = "T", "国际组织", "", "international organisations"


class Ownership(Code):
    """所有制. Ownership of a host unit."""

    STATE = "STATE", "国有"
    COLLECTIVE = "COLLECTIVE", "集体"
    PRIVATE = "PRIVATE", "民营"
    FOREIGN = "FOREIGN", "外资"
    NEW_ECONOMIC = "NEW_ECONOMIC", "新经济组织"
    NEW_SOCIAL = "NEW_SOCIAL", "新社会组织"


class HostUnitStatus(Code):
    """设立单位状态. Whether a host unit still works."""

    ACTIVE = "ACTIVE", "存续"
    CLOSED = "CLOSED", "注销"


class CommitteeType(Code):
    """调委会类型. Type of a mediation committee; six statistical columns (layout A)."""

    VILLAGE = "10", "村人民调解委员会", "村"
    COMMUNITY = "11", "居（社区）人民调解委员会", "居"
    TOWNSHIP = "20", "乡镇人民调解委员会", "乡镇"
    SUBDISTRICT = "21", "街道人民调解委员会", "街道"
    ENTERPRISE = "30", "企业人民调解委员会", "企事业单位"
    INSTITUTION = "31", "事业单位人民调解委员会", "企事业单位"
    INDUSTRY = "40", "行业性人民调解委员会", "社会团体和其他组织"
    PROFESSIONAL = "41", "专业性人民调解委员会", "社会团体和其他组织"
    SOCIAL_ORG = "50", "社会团体人民调解委员会", "社会团体和其他组织"
    REGIONAL = "60", "区域性人民调解委员会", "社会团体和其他组织"


class IndustryDomain(Code):
    """行业领域. Domain of industry and professional committees."""

    MEDICAL = "01", "医疗"
    TRAFFIC = "02", "道路交通"
    LABOUR = "03", "劳动争议"
    PROPERTY = "04", "物业"
    CONSUMER = "05", "消费"
    FAMILY = "06", "婚姻家庭"
    ENVIRONMENT = "07", "环境保护"
    REQUISITION = "08", "征地拆迁"
    IP = "09", "知识产权", "", "intellectual property"
    FINANCE = "10", "金融"
    INSURANCE = "11", "保险"
    ECOMMERCE = "12", "电子商务"
    TOURISM = "13", "旅游"
    EDUCATION = "14", "教育（校园）"
    CONSTRUCTION = "15", "建设工程"
    CHAMBER = "16", "商会"
    MARKET = "17", "集贸市场"
    MIGRANT = "18", "流动人口"
    VETERAN = "19", "涉军"
    FISHERY = "20", "海事渔事"
    OTHER = "99", "其他"


class CommitteeStatus(Code):
    """调委会状态. TERM_EXPIRED is computed from the term's end, never stored (DOMAIN 3.1)."""

    PREPARING = "PREPARING", "筹建"
    ACTIVE = "ACTIVE", "正常运转"
    TERM_EXPIRED = "TERM_EXPIRED", "任期届满未换届"
    RECTIFYING = "RECTIFYING", "整改中"
    DISSOLVED = "DISSOLVED", "已撤销"


class FilingStatus(Code):
    """备案情况. Filing status of a committee."""

    UNFILED = "UNFILED", "未备案"
    PENDING = "PENDING", "备案中"
    FILED = "FILED", "已备案"
    OUTDATED = "OUTDATED", "变更未备案"


class FundingSource(Code):
    """经费来源. Who pays."""

    FISCAL = "FISCAL", "财政"
    HOST_UNIT = "HOST_UNIT", "设立单位"
    PURCHASED_SERVICE = "PURCHASED_SERVICE", "政府购买服务"
    MIXED = "MIXED", "多渠道"


class ElectionMethod(Code):
    """产生方式. How a term's members came in (BR-06)."""

    VILLAGERS_MEETING = "VILLAGERS_MEETING", "村民会议"
    REPRESENTATIVES = "REPRESENTATIVES", "村（居）民代表会议"
    RESIDENTS = "RESIDENTS", "居民会议"
    WORKERS_CONGRESS = "WORKERS_CONGRESS", "职工大会或职工代表大会"
    UNION = "UNION", "工会组织"
    APPOINTED_BY_ORG = "APPOINTED_BY_ORG", "设立单位推选"


class FilingType(Code):
    """备案类型. What a filing attests."""

    ESTABLISH = "1", "设立备案"
    CHANGE = "2", "变更备案"
    REELECTION = "3", "换届备案"
    DISSOLVE = "4", "撤销备案"


class FilingState(Code):
    """备案环节. Where a filing stands."""

    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "已提交"
    RETURNED = "RETURNED", "退回补正"
    OFFICE_CHECKED = "OFFICE_CHECKED", "司法所已核验"
    FILED = "FILED", "备案完成"
    NOT_FILED = "NOT_FILED", "不予备案"
    WITHDRAWN = "WITHDRAWN", "已撤回"


class MediatorKind(Code):
    """调解员类别. Kind of mediator."""

    FULL_TIME = "1", "专职"
    PART_TIME = "2", "兼职"
    SPECIAL = "3", "特聘（特邀）"


class CommitteeRole(Code):
    """调委会职务. Position in a committee; members are the first three."""

    DIRECTOR = "1", "主任"
    DEPUTY_DIRECTOR = "2", "副主任"
    MEMBER = "3", "委员"
    ENGAGED = "4", "聘任调解员"


class AppointmentBasis(Code):
    """任职依据. How a person came in."""

    ELECTED = "ELECTED", "推选"
    ENGAGED = "ENGAGED", "聘任"


class AppointmentEndReason(Code):
    """离任原因. Why an appointment ended."""

    TERM_END = "TERM_END", "任期届满"
    RESIGN = "RESIGN", "辞职"
    RECALL = "RECALL", "罢免"
    DISMISS = "DISMISS", "解聘"
    DEATH = "DEATH", "去世"
    COMMITTEE_DISSOLVED = "COMMITTEE_DISSOLVED", "调委会撤销"


class MediatorGrade(Code):
    """调解员等级. One is the highest."""

    GRADE_1 = "1", "一级"
    GRADE_2 = "2", "二级"
    GRADE_3 = "3", "三级"
    GRADE_4 = "4", "四级"
    UNGRADED = "0", "未评定"


class MediatorBackground(Code):
    """从业背景. Where a mediator comes from."""

    VILLAGE_CADRE = "VILLAGE_CADRE", "村居干部"
    RETIRED_JUDGE = "RETIRED_JUDGE", "退休法官"
    RETIRED_PROCURATOR = "RETIRED_PROCURATOR", "退休检察官"
    RETIRED_POLICE = "RETIRED_POLICE", "退休民警"
    LAWYER = "LAWYER", "律师"
    NOTARY = "NOTARY", "公证员"
    LEGAL_WORKER = "LEGAL_WORKER", "基层法律服务工作者"
    TEACHER = "TEACHER", "教师"
    DOCTOR = "DOCTOR", "医生"
    VETERAN = "VETERAN", "退役军人"
    EXPERT = "EXPERT", "行业专家"
    COMMUNITY_WORKER = "COMMUNITY_WORKER", "社工"
    OTHER = "OTHER", "其他"


class MediatorStatus(Code):
    """调解员状态. Whether a mediator works."""

    ACTIVE = "ACTIVE", "在岗"
    SUSPENDED = "SUSPENDED", "暂停"
    LEFT = "LEFT", "离岗"


class Sex(Code):
    """性别. GB/T 2261.1."""

    UNKNOWN = "0", "未知"
    MALE = "1", "男"
    FEMALE = "2", "女"
    UNSTATED = "9", "未说明"


class Education(Code):
    """文化程度. GB/T 4658."""

    POSTGRADUATE = "10", "研究生"
    BACHELOR = "20", "大学本科"
    COLLEGE = "30", "大学专科"
    VOCATIONAL = "40", "中等职业"
    HIGH_SCHOOL = "60", "普通高中"
    JUNIOR_HIGH = "70", "初中"
    PRIMARY = "80", "小学"
    OTHER = "90", "其他"


class PoliticalStatus(Code):
    """政治面貌. GB/T 4762."""

    PARTY_MEMBER = "01", "中共党员"
    PROBATIONARY = "02", "中共预备党员"
    YOUTH_LEAGUE = "03", "共青团员"
    NON_PARTISAN = "12", "无党派人士"
    MASSES = "13", "群众"


_ETHNICITIES = [
    "汉族",
    "蒙古族",
    "回族",
    "藏族",
    "维吾尔族",
    "苗族",
    "彝族",
    "壮族",
    "布依族",
    "朝鲜族",
    "满族",
    "侗族",
    "瑶族",
    "白族",
    "土家族",
    "哈尼族",
    "哈萨克族",
    "傣族",
    "黎族",
    "傈僳族",
    "佤族",
    "畲族",
    "高山族",
    "拉祜族",
    "水族",
    "东乡族",
    "纳西族",
    "景颇族",
    "柯尔克孜族",
    "土族",
    "达斡尔族",
    "仫佬族",
    "羌族",
    "布朗族",
    "撒拉族",
    "毛南族",
    "仡佬族",
    "锡伯族",
    "阿昌族",
    "普米族",
    "塔吉克族",
    "怒族",
    "乌孜别克族",
    "俄罗斯族",
    "鄂温克族",
    "德昂族",
    "保安族",
    "裕固族",
    "京族",
    "塔塔尔族",
    "独龙族",
    "鄂伦春族",
    "赫哲族",
    "门巴族",
    "珞巴族",
    "基诺族",
]
_ETHNIC_NAMES = [
    "HAN",
    "MONGOL",
    "HUI",
    "TIBETAN",
    "UYGHUR",
    "MIAO",
    "YI",
    "ZHUANG",
    "BOUYEI",
    "KOREAN",
    "MANCHU",
    "DONG",
    "YAO",
    "BAI",
    "TUJIA",
    "HANI",
    "KAZAKH",
    "DAI",
    "LI",
    "LISU",
    "VA",
    "SHE",
    "GAOSHAN",
    "LAHU",
    "SUI",
    "DONGXIANG",
    "NAXI",
    "JINGPO",
    "KIRGIZ",
    "TU",
    "DAUR",
    "MULAO",
    "QIANG",
    "BLANG",
    "SALAR",
    "MAONAN",
    "GELAO",
    "XIBE",
    "ACHANG",
    "PUMI",
    "TAJIK",
    "NU",
    "UZBEK",
    "RUSSIAN",
    "EWENKI",
    "DEANG",
    "BONAN",
    "YUGUR",
    "GIN",
    "TATAR",
    "DERUNG",
    "OROQEN",
    "HEZHEN",
    "MONBA",
    "LHOBA",
    "JINO",
]
# The functional form keeps GB/T 3304's fifty-six lines in one place, in the order of their codes.
Ethnicity: type[Code] = Code(  # type: ignore[assignment]
    "Ethnicity",
    {  # type: ignore[arg-type]
        **{n: (f"{i:02d}", zh) for i, (n, zh) in enumerate(zip(_ETHNIC_NAMES, _ETHNICITIES, strict=True), 1)},
        "OTHER": ("97", "其他"),
        "NATURALIZED": ("98", "外国血统中国籍"),
    },
)
Ethnicity.__doc__ = "民族. GB/T 3304."


class DisputeType(Code):
    """纠纷类型. Order and names of the official form; the third value is the roll-up."""

    FAMILY = "01", "婚姻家庭纠纷", "01"
    NEIGHBOUR = "02", "邻里纠纷", "02"
    HOUSING_SITE = "03", "房屋宅基地纠纷", "03"
    CONTRACT = "04", "合同纠纷", "04"
    BUSINESS = "05", "生产经营纠纷", "05"
    DAMAGES = "06", "损害赔偿纠纷", "06"
    FOREST_LAND = "07", "山林土地纠纷", "07"
    REQUISITION = "08", "征地拆迁纠纷", "08"
    ENVIRONMENT = "09", "环境污染纠纷", "09"
    MIGRANT_WAGES = "10", "拖欠农民工工资纠纷", "10"
    OTHER_LABOUR = "11", "其他劳动争议纠纷", "11"
    TOURISM = "12", "旅游纠纷", "12"
    ECOMMERCE = "13", "电子商务纠纷", "13"
    OTHER_CONSUMER = "14", "其他消费纠纷", "14"
    MEDICAL = "15", "医疗纠纷", "15"
    TRAFFIC = "16", "道路交通事故纠纷", "16"
    PROPERTY = "17", "物业纠纷", "17"
    VILLAGE_AFFAIRS = "91", "村务管理纠纷", "99"
    RESTRUCTURING = "92", "企业改制纠纷", "99"
    EDUCATION = "93", "教育（校园）纠纷", "99"
    FINANCE = "94", "金融纠纷", "04"
    IP = "95", "知识产权纠纷", "99", "intellectual property"
    FAMILY_PLANNING = "96", "计划生育纠纷（历史数据）", "99"
    FIRE = "97", "消防纠纷", "06"
    OTHER = "99", "其他纠纷", "99"


class CaseSource(Code):
    """案件来源. Stored at leaf level; entrusted (3) is the sum of 31 to 39."""

    PROACTIVE = "1", "主动调解", "1"
    ON_APPLICATION = "2", "依申请调解", "2"
    COURT = "31", "法院委托移送", "3"
    PROCURATORATE = "32", "检察院委托移送", "3"
    POLICE = "33", "公安机关委托移送", "3"
    PETITION = "34", "信访部门委托移送", "3"
    OTHER_DEPT = "39", "其他部门委托移送", "3"


class PartiesRelation(Code):
    """当事人关系. Who stands against whom."""

    CITIZEN_CITIZEN = "1", "公民与公民"
    CITIZEN_LEGAL = "2", "公民与法人及社会组织"
    LEGAL_LEGAL = "3", "法人组织之间"


class CaseDifficulty(Code):
    """疑难程度. Difficulty of a case."""

    SIMPLE = "1", "简易"
    GENERAL = "2", "一般"
    DIFFICULT = "3", "疑难复杂"
    MAJOR = "4", "重大"


class CaseState(Code):
    """案件状态. Where a case stands (DOMAIN 3.2)."""

    REGISTERED = "REGISTERED", "登记"
    NOT_ACCEPTED = "NOT_ACCEPTED", "不予受理"
    ACCEPTED = "ACCEPTED", "受理"
    MEDIATING = "MEDIATING", "调解中"
    SUSPENDED = "SUSPENDED", "中止"
    AGREED = "AGREED", "达成协议"
    FAILED = "FAILED", "调解不成"
    TERMINATED = "TERMINATED", "终止"
    PERFORMING = "PERFORMING", "履行中"
    CLOSED = "CLOSED", "结案"
    ARCHIVED = "ARCHIVED", "归档"


class CaseOutcome(Code):
    """调解结果. How mediation ended."""

    AGREED = "1", "调解成功"
    FAILED = "2", "调解不成"
    WITHDRAWN = "3", "当事人撤回"
    REFUSED = "4", "一方拒绝"
    TRANSFERRED_OUT = "5", "移送其他机关"
    RECONCILED = "6", "自行和解"


class EntryChannel(Code):
    """录入渠道. Where a case was entered."""

    PC = "PC", "电脑", "", "desktop"
    MOBILE = "MOBILE", "手机"
    API = "API", "接口", "", "programming interface"
    IMPORT = "IMPORT", "导入"


class FocusTag(Code):
    """重点领域. Focus topics of a case."""

    REQUISITION = "08", "征地拆迁"
    RESTRUCTURING = "92", "企业改制"
    EDUCATION = "93", "教育"
    MEDICAL = "15", "医疗"
    LABOUR = "11", "劳动"
    VETERAN = "VETERAN", "涉军"
    ETHNIC_RELIGIOUS = "ETHNIC_RELIGIOUS", "民族宗教"


class ConfirmationState(Code):
    """司法确认. State of judicial confirmation."""

    NOT_APPLIED = "NOT_APPLIED", "未申请"
    APPLIED = "APPLIED", "已申请"
    ACCEPTED = "ACCEPTED", "法院受理"
    CONFIRMED = "CONFIRMED", "确认有效"
    DISMISSED = "DISMISSED", "裁定驳回"
    WITHDRAWN = "WITHDRAWN", "撤回"
    REVOKED = "REVOKED", "撤销"


class LitigationResult(Code):
    """诉讼结果. What a court later made of the agreement."""

    NONE = "NONE", "无"
    UPHELD = "UPHELD", "维持"
    CHANGED = "CHANGED", "变更"
    REVOKED = "REVOKED", "撤销"
    INVALID = "INVALID", "确认无效"
    PAYMENT_ORDER = "PAYMENT_ORDER", "申请支付令"


class SubsidyState(Code):
    """补贴环节. Where the subsidy claim of a case stands (DOMAIN 3.5)."""

    NONE = "NONE", "未申报"
    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "已申报"
    OFFICE_CHECKED = "OFFICE_CHECKED", "司法所已初审"
    DISTRICT_REVIEWED = "DISTRICT_REVIEWED", "区局已复核"
    PUBLICISED = "PUBLICISED", "公示中"
    APPROVED = "APPROVED", "已批准"
    PAID = "PAID", "已发放"
    RETURNED = "RETURNED", "退回"
    REJECTED = "REJECTED", "不予发放"
    CLAWED_BACK = "CLAWED_BACK", "追回"


class QualityFlag(Code):
    """数据质量标记. Anomaly checks of DOMAIN 4.9 that hit."""

    DQ_01 = "DQ-01", "案件占比异常"
    DQ_02 = "DQ-02", "办结过多"
    DQ_03 = "DQ-03", "证件或电话重复"
    DQ_04 = "DQ-04", "内容雷同"
    DQ_05 = "DQ-05", "当日履行又确认"
    DQ_06 = "DQ-06", "成功率异常"
    DQ_07 = "DQ-07", "月末集中录入"
    DQ_08 = "DQ-08", "同刻批量录入"
    DQ_09 = "DQ-09", "回访不实"


class AuditAction(Code):
    """操作. What an audit record tells of."""

    CREATE = "CREATE", "新建"
    UPDATE = "UPDATE", "修改"
    DELETE = "DELETE", "删除"
    VERB = "VERB", "办理"
    IMPORT = "IMPORT", "导入"
    EXPORT = "EXPORT", "导出"
    SIGN_IN = "SIGN_IN", "登录"
    SIGN_IN_FAILED = "SIGN_IN_FAILED", "登录失败"
    SIGN_OUT = "SIGN_OUT", "退出"
    TOKEN = "TOKEN", "签发令牌"
    REFUSED = "REFUSED", "拒绝"
    REVEAL = "REVEAL", "查看原文"
    LOOKUP = "LOOKUP", "按证件查找"
    PRUNE = "PRUNE", "到期清理"
    ROTATE = "ROTATE", "更换密钥"


class PartnerKind(Code):
    """联动单位类别. Kind of partner institution (S3)."""

    COURT = "COURT", "法院"
    TRIBUNAL = "TRIBUNAL", "人民法庭"
    PROCURATORATE = "PROCURATORATE", "检察院"
    POLICE = "POLICE", "公安局"
    POLICE_STATION = "POLICE_STATION", "派出所"
    POLICE_POST = "POLICE_POST", "警务站（室）"
    TRAFFIC_POLICE = "TRAFFIC_POLICE", "交警"
    LEGISLATIVE_OFFICE = "LEGISLATIVE_OFFICE", "法制办"
    PETITION = "PETITION", "信访"
    LABOUR = "LABOUR", "人社"
    CIVIL = "CIVIL", "民政"
    HEALTH = "HEALTH", "卫健"
    HOUSING = "HOUSING", "住建"
    MARKET = "MARKET", "市场监管"
    LAND = "LAND", "自然资源"
    AGRICULTURE = "AGRICULTURE", "农业农村"
    ENVIRONMENT = "ENVIRONMENT", "生态环境"
    EDUCATION = "EDUCATION", "教育"
    UNION = "UNION", "工会"
    WOMEN = "WOMEN", "妇联"
    YOUTH = "YOUTH", "共青团"
    CHAMBER = "CHAMBER", "工商联、商会"
    ONE_STOP_WINDOW = "ONE_STOP_WINDOW", "一站式窗口"
    GRID_CENTER = "GRID_CENTER", "综治中心"
    OTHER = "OTHER", "其他"


class DataInterface(Code):
    """数据对接. How data go to a partner and come from it."""

    NONE = "NONE", "未对接"
    FILE = "FILE", "文件交换"
    API = "API", "接口"


class StudioKind(Code):
    """工作室类别. Kind of studio."""

    STATIONED = "STATIONED", "派驻"
    PERSONAL = "PERSONAL", "个人"
    GROUP = "GROUP", "调解小组"


class StudioBrand(Code):
    """品牌级别. Level of a brand studio."""

    DISTRICT = "DISTRICT", "区县级"
    CITY = "CITY", "市级"
    PROVINCE = "PROVINCE", "省级"


class StudioStatus(Code):
    """工作室状态. Whether a studio works."""

    ACTIVE = "ACTIVE", "正常运转"
    CLOSED = "CLOSED", "已关闭"


class CourtNotificationState(Code):
    """通报状态. Where a court notification stands."""

    SENT = "SENT", "已通报"
    ACKNOWLEDGED = "ACKNOWLEDGED", "已签收"
