"""The one table of the pages that are looked at: by Lighthouse, by the gallery, by the tests of
access. A new page is a line here and nothing else.

`who` looks is one of tests/proof/people.py; the order counts, for a buyer is a learner who bought.
A path may hold {places} that getting there finds out. `optional` is for addresses that are not
there yet: a 404 is then no failure.
"""

from dataclasses import dataclass
from enum import Enum, auto

COURSE = "/courses/yiqun-ren/"
FREE, FIRST, PAID = (f"{COURSE}{slug}/" for slug in ("00", "01", "02"))


class Use(Enum):
    SCORED = auto()  # Lighthouse's four scores
    LESSON = auto()  # … and the lesson's own goals
    MORE = auto()  # also in the dark on a desktop, and in English
    MAIN = auto()  # the tests of access look at it


SCORED, LESSON, MORE, MAIN = Use


@dataclass(frozen=True)
class Shown:
    name: str
    title: str
    who: str
    path: str
    uses: tuple[Use, ...] = ()
    optional: bool = False
    status: int = 200


PAGES = [
    Shown("home", "首页", "visitor", "/", (SCORED, MORE, MAIN)),
    Shown("catalogue", "课程", "visitor", "/courses/", (SCORED, MORE, MAIN)),
    Shown("course", "一门课", "visitor", COURSE, (SCORED, MORE, MAIN)),
    Shown("lesson-free", "免费的一讲", "visitor", FREE, (SCORED, LESSON, MORE, MAIN)),
    Shown("paywall", "付费墙", "visitor", PAID, (SCORED, MORE, MAIN)),
    Shown("articles", "文章", "visitor", "/articles/", (MAIN,)),
    Shown("article", "一篇文章", "visitor", "/articles/yi-kou-guo/", (SCORED, MORE, MAIN)),
    Shown("tracks", "学习路径", "visitor", "/tracks/", (MAIN,)),
    Shown("track", "一条路径", "visitor", "/tracks/yiren-yiqun/", (MORE, MAIN)),
    Shown("discipline", "学科", "visitor", "/disciplines/business/", (MAIN,)),
    Shown("instructor", "讲师", "visitor", "/instructors/zhou-mingyuan/", (MAIN,)),
    Shown("letters", "来信", "visitor", "/letters/", (MAIN,)),
    Shown("letter", "一封来信", "visitor", "{letter}", (MAIN,)),
    Shown("kept", "离线", "visitor", "/study/kept/", (MAIN,)),
    Shown("search", "搜索有果", "visitor", "/search/?q=信任", (MORE, MAIN)),
    Shown("search-none", "搜索无果", "visitor", "/search/?q=量子色动力学", (MAIN,)),
    Shown("membership", "会员", "visitor", "/membership/", (MORE, MAIN)),
    Shown("bundle", "组合", "visitor", "/bundles/san-men-ke/"),
    Shown("buy", "买之前", "visitor", "{buy}", (MAIN,)),
    Shown("redeem", "兑换", "visitor", "/redeem/", (MAIN,)),
    Shown("terms", "服务条款", "visitor", "/terms/", (MAIN,)),
    Shown("refunds", "退款规则", "visitor", "/refunds/"),
    Shown("privacy-policy", "隐私政策", "visitor", "/privacy/"),
    Shown("contact", "联系我们", "visitor", "/contact/"),
    Shown("log-in", "登录", "visitor", "/account/login/", (MORE, MAIN)),
    Shown("sign-up", "注册", "visitor", "/account/signup/", (MAIN,)),
    Shown("sign-up-passkey", "用通行密钥注册", "visitor", "/account/signup/passkey/"),
    Shown("password-reset", "忘记密码", "visitor", "/account/password/reset/"),
    Shown("missing", "没有这一页", "visitor", "/no-such-page/", (MAIN,), status=404),
    Shown("code", "验证码", "half-signed-in", "/account/login/code/confirm/", (MAIN,)),
    Shown("notes-empty", "笔记，还空着", "learner", "/study/notes/"),
    Shown("review-empty", "温故，还空着", "learner", "/study/review/"),
    Shown("certificates-empty", "证书，还没有", "learner", "/study/certificates/"),
    Shown("following", "我的关注，还空着", "learner", "/following/", (MAIN,)),
    Shown("mails", "我想收到的邮件", "learner", "/account/mails/", (MAIN,)),
    Shown("home-learner", "首页，登录后", "learner", "/"),
    Shown("study-empty", "学习，还空着", "learner", "/study/", (MAIN,)),
    Shown("orders-empty", "订单，还没有", "learner", "/account/orders/"),
    Shown("account", "我的", "learner", "/account/", (MAIN,)),
    Shown("email", "我的邮箱", "learner", "/account/email/"),
    Shown("password", "修改密码", "learner", "/account/password/change/"),
    Shown("sessions", "登录过的设备", "learner", "/account/sessions/"),
    Shown("second-factor", "登录的第二步", "learner", "/account/2fa/"),
    Shown("privacy", "我的资料", "learner", "/account/privacy/", (MAIN,)),
    Shown("passkeys", "通行密钥", "learner", "/account/2fa/webauthn/"),
    Shown("authenticator", "验证器", "learner", "/account/2fa/totp/activate/"),
    Shown("delete-account", "删除账号", "learner", "/account/privacy/delete/"),
    Shown("give", "送给朋友", "learner", "{give}"),
    Shown("seats", "给同事团购", "learner", "{seats}"),
    Shown("forbidden", "打不开的一页", "learner", "/admin/", status=403),
    Shown("checkout", "沙盒的付款页", "shopper", "{checkout}"),
    Shown("return-waiting", "付款，等一下", "shopper", "{waiting}"),
    Shown("return-done", "付款，好了", "buyer", "{done}", (MAIN,)),
    Shown("course-bought", "买下的课", "buyer", COURSE, (MAIN,)),
    Shown("lesson-paid", "买下的一讲", "buyer", PAID, (MORE, MAIN)),
    Shown("study", "学习", "buyer", "/study/", (SCORED, MORE, MAIN)),
    Shown("quiz", "一份测验", "buyer", "{quiz}", (MAIN,)),
    Shown("notes", "笔记", "buyer", "/study/notes/", (MORE, MAIN)),
    Shown("page-notes", "一讲的笔记", "buyer", "{notes}", (MAIN,)),
    Shown("review", "温故", "buyer", "/study/review/", (MAIN,)),
    Shown("recall", "记住多少", "buyer", "/study/review/statistics/", (MAIN,)),
    Shown("ledger", "学习账本", "buyer", "/study/ledger/", (MORE, MAIN)),
    Shown("ledger-disciplines", "账本，按学科", "buyer", "/study/ledger/disciplines/", (MAIN,)),
    Shown("ledger-year", "账本，按年", "buyer", "{year}", (MAIN,)),
    Shown("ledger-take", "账本，带走", "buyer", "/study/ledger/take/", (MAIN,)),
    Shown("feeds", "播客地址", "buyer", "/study/feeds/", (MAIN,)),
    Shown("orders", "订单", "buyer", "/account/orders/", (MAIN,)),
    Shown("order", "一张订单", "buyer", "{order}", (MAIN,)),
    Shown("refund", "申请退款", "buyer", "{refund}", (MAIN,)),
    Shown("membership-held", "已是会员", "member", "/membership/"),
    Shown("track-plan", "路径的计划", "member", "{plan}", (MAIN,)),
    Shown("certificates", "证书", "member", "/study/certificates/", (MAIN,)),
    Shown("certificate", "一张证书", "member", "{certificate}", (MAIN,)),
    Shown("subscription", "会员的订单", "member", "/account/orders/"),
    Shown("subscription-page", "管理订阅", "member", "{subscription}"),
    Shown("switch", "更换方案", "member", "{subscription}switch/"),
    Shown("cancel", "取消续费", "member", "{cancel}"),
    Shown("order-refunded", "退了款的订单", "refunded", "{order}"),
    Shown("paywall-refunded", "退款以后的付费墙", "refunded", PAID),
    Shown("admin-editor", "编辑的后台", "editor", "/admin/", (MORE,)),
    Shown("admin-finance", "会计的后台", "finance", "/admin/"),
    Shown("admin-orders", "后台的订单", "finance", "/admin/money/orders/"),
    Shown("admin-order", "后台的一张订单", "finance", "{order}"),
    Shown("admin-refund", "同意退款", "finance", "{approve}"),
    Shown("admin-refund-confirm", "第二人确认退款", "finance", "{confirm}"),
    Shown("admin-dispute", "一次争议", "finance", "{dispute}"),
    Shown("admin-offers", "价格方案", "finance", "/admin/money/offers/"),
    Shown("admin-offer-new", "新的价格方案", "finance", "/admin/money/offers/new/"),
    Shown("admin-promotion-new", "新的优惠码", "finance", "/admin/money/promotions/new/"),
    Shown("admin-gift", "一份赠礼", "finance", "{gift}"),
    Shown("admin-batch", "一批兑换码", "finance", "{batch}"),
    Shown("admin-subscriptions", "后台的订阅", "finance", "/admin/money/subscriptions/"),
    Shown("admin-subscription", "后台的一份订阅", "finance", "{subscription}"),
    Shown("admin-cancellations", "取消续费的理由", "finance", "/admin/money/cancellations/"),
    Shown("admin-entries", "资金流水", "finance", "/admin/money/entries/"),
    Shown("admin-differences", "对账差异", "finance", "/admin/money/differences/"),
    Shown("admin-statement", "月结单", "finance", "/admin/money/statements/"),
    Shown("admin-overview", "经营概览", "finance", "/admin/money/overview/"),
    Shown("admin-shares", "讲师分成", "finance", "/admin/money/shares/"),
    Shown("admin-operator", "运维的后台", "operator", "/admin/"),
    Shown("admin-people", "后台的用户", "operator", "/admin/users/"),
    Shown("admin-look", "以学员身份查看", "operator", "/admin/users/{learner}/look/"),
    Shown("admin-second-step", "取消两步验证", "operator", "/admin/users/{finance}/second-step/"),
    Shown("admin-history", "网站历史", "operator", "/admin/reports/site-history/"),
    Shown("home-looking", "以学员身份看首页", "looking", "/"),
    Shown("closed-looking", "查看时关着的一页", "looking", "/account/", status=403),
    Shown("subscription-ended", "到期的会员", "lapsed", "/account/orders/"),
    Shown("membership-lapsed", "到期以后的会员页", "lapsed", "/membership/"),
    Shown("paywall-lapsed", "到期以后的付费墙", "lapsed", PAID),
    Shown("study-lapsed", "到期以后的学习", "lapsed", "/study/"),
    Shown("too-many", "太频繁了", "hurried", "/search/?q=信任", status=429),
]


def used_for(use: Use) -> list[Shown]:
    return [page for page in PAGES if use in page.uses]
