"""The demo's last weeks: who bought, gave, cancelled and complained, so that finance has its day.

Told once, before anybody else has bought; what happens afterwards is the visitors' own.
"""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from demo import publishing
from demo.people import Person
from demo.selling import price_of_bundle, price_of_course, price_of_plan, price_of_term
from demo.trading import (
    FAILING,
    begin,
    buy_seats,
    change_card,
    claim,
    dispute,
    give,
    go_on,
    pay,
    sign_up,
    study,
    subscription_of,
    switch,
)
from operations import clock
from payments import batches, cancelling, fapiao, pausing, refund_requests
from payments.models import Cancellation, Fapiao, Offer, Order, RedeemBatch

type People = dict[str, User]
# Lets time go on until so many days before today's noon.
type Until = Callable[[float], None]

BEGINS = timedelta(days=45)
PUBLIC = [
    Person("gaoyuan", "高远"),
    Person("mixue", "米雪"),
    Person("songzhiwei", "宋知微"),
    Person("jiangping", "江平"),
    Person("luoxiaoman", "罗小满"),
    Person("yeqing", "叶青"),
    Person("luchuan", "陆川"),
    Person("helan", "贺兰"),
    Person("bailu", "白露"),
    Person("fangzhou", "方舟"),
    Person("qinyue", "秦越"),
    Person("zhongyu", "钟毓"),
]
BUSINESS, STRENGTH, CITY = "yiqun-ren", "manman-bianqiang", "chengshi-anxian"
MONTH, YEAR = Offer.Interval.MONTH, Offer.Interval.YEAR


def tell() -> None:
    """Begins once: broken off, it is not gone on with."""
    if not settings.STRIPE_SANDBOX or Order.objects.exists():
        return
    present = clock.now()
    with clock.set_back(BEGINS):
        they = {person.key: sign_up(person) for person in PUBLIC}
        they["finance"] = User.objects.get(email="finance@example.com")

        noon = timezone.localtime(present, ZoneInfo(settings.TIME_ZONE)).replace(hour=12, minute=0)

        def until(days_ago: float) -> None:
            go_on(noon - timedelta(days=days_ago))

        for chapter in (_people_come, _codes_go_out, _the_month_goes_on, _this_week):
            chapter(they, until)
        go_on(present)


def _people_come(they: People, until: Until) -> None:
    until(44.1)
    pay(begin(they["gaoyuan"], price_of_plan(MONTH)))
    until(43.1)
    pay(begin(they["mixue"], price_of_plan(MONTH)))
    until(40.9)
    pay(begin(they["jiangping"], price_of_plan(YEAR)))
    until(37.7)
    pay(begin(they["luchuan"], price_of_course(CITY)), wallet="alipay")
    begin(they["yeqing"], price_of_course(STRENGTH))
    until(36)
    pay(begin(they["luoxiaoman"], price_of_plan(MONTH)))
    until(34.8)
    pay(begin(they["helan"], price_of_course(BUSINESS), code="RIZHI20"))
    until(32.8)
    pay(begin(they["bailu"], price_of_bundle()))
    pay(begin(they["fangzhou"], price_of_plan(MONTH)))
    change_card(they["fangzhou"], FAILING)


def _codes_go_out(they: People, until: Until) -> None:
    until(27.9)
    cancelling.cancel(
        subscription_of(they["mixue"]),
        reason=Cancellation.Reason.TIME,
        note="这两个月加班，一讲也没听完，年后再来。",
        now=clock.now(),
    )
    until(24.1)
    batch = batches.make(
        RedeemBatch(
            name="长风书店周年",
            for_whom="长风书店，周年活动",
            course=publishing.find_course(CITY),
            size=20,
            redeemable_until=clock.now() + timedelta(days=120),
            note="书店会员每人一份，按 20 份结算。",
            reference="合同 2026-031",
            made_by=they["finance"],
            created_at=clock.now(),
        )
    )
    until(20.8)
    for number, key in enumerate(("songzhiwei", "helan", "yeqing"), start=1):
        claim(they[key], batch, number)


def _the_month_goes_on(they: People, until: Until) -> None:
    until(20)
    switch(they["luoxiaoman"], price_of_plan(YEAR))
    until(16.9)
    seats = buy_seats(they["jiangping"], price_of_course(STRENGTH), 5)
    pay(begin(they["zhongyu"], price_of_plan(MONTH)))
    until(15.1)
    claim(they["gaoyuan"], seats)
    gift = give(
        they["bailu"],
        price_of_course(STRENGTH),
        to_email=they["mixue"].email,
        message="学到第四讲时想到了你。",
    )
    until(13.8)
    claim(they["mixue"], gift)
    until(12)
    pausing.pause(subscription_of(they["zhongyu"]), months=1, now=clock.now())
    until(9.7)
    cancelling.cancel(
        subscription_of(they["jiangping"]),
        reason=Cancellation.Reason.DONE,
        note="想听的都听完了，等新课。",
        now=clock.now(),
    )


def _this_week(they: People, until: Until) -> None:
    until(8.1)
    bought = pay(begin(they["songzhiwei"], price_of_course(BUSINESS)))
    until(7.9)
    study(they["songzhiwei"], publishing.find_course(BUSINESS), 3)
    until(6.1)
    dispute(bought)
    until(4.9)
    give(
        they["gaoyuan"],
        price_of_course(BUSINESS),
        to_email="friend@example.com",
        message="你说想开一家小店，先听听这个。",
    )
    until(4.1)
    term = pay(begin(they["qinyue"], price_of_term()), wallet="wechat_pay")
    fapiao.ask(
        order=Order.objects.get(buyer=they["bailu"], price__offer__bundle__isnull=False),
        invoice=None,
        kind=Fapiao.Kind.COMPANY,
        title="北京白露文化有限公司",
        tax_number="91110000802100433B",
        email=they["bailu"].email,
        now=clock.now(),
    )
    until(2.1)
    course = pay(begin(they["luchuan"], price_of_course(STRENGTH)))
    refund_requests.ask(
        order=term, learner=they["qinyue"], note="要出国一年，听不了了。", now=clock.now()
    )
    until(1.1)
    refund_requests.approve(
        order=term, reason="买后第三天申请，没有听过。", actor=they["finance"], now=clock.now()
    )
    refund_requests.ask(
        order=course, learner=they["luchuan"], note="家人已经买过这门课。", now=clock.now()
    )
