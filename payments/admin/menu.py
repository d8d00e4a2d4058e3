"""资金 and 销售: the menus of finance."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.viewsets.base import ViewSetGroup

from payments.admin.batches import BatchViewSet
from payments.admin.bills import InvoiceViewSet
from payments.admin.books import DifferenceViewSet, MoneyEntryViewSet
from payments.admin.cancellations import CancellationViewSet
from payments.admin.codes import CodeViewSet
from payments.admin.disputes import DisputeViewSet
from payments.admin.events import EventViewSet
from payments.admin.fapiao import FapiaoViewSet
from payments.admin.gifts import GiftViewSet
from payments.admin.grants import GrantViewSet
from payments.admin.mails import MailViewSet
from payments.admin.offers import OfferViewSet
from payments.admin.orders import OrderViewSet
from payments.admin.promotions import PromotionViewSet
from payments.admin.refunds import RefundViewSet
from payments.admin.requests_for_refunds import RequestViewSet
from payments.admin.subscriptions import SubscriptionViewSet
from payments.admin.why import WhyViewSet


class MoneyGroup(ViewSetGroup):
    menu_label = _("Money")
    menu_name = "money"
    menu_icon = "decimal"
    menu_order = 250
    submenu_hook = "register_money_menu_item"  # how higher floors stand here, too
    items = (
        OrderViewSet,
        SubscriptionViewSet,
        CancellationViewSet,
        InvoiceViewSet,
        RequestViewSet,
        RefundViewSet,
        DisputeViewSet,
        FapiaoViewSet,
        DifferenceViewSet,
        MoneyEntryViewSet,
        EventViewSet,
        MailViewSet,
    )


class SellingGroup(ViewSetGroup):
    """What is for sale, and what it opened for whom."""

    menu_label = _("Selling")
    menu_name = "selling"
    menu_icon = "tag"
    menu_order = 251
    items = (
        OfferViewSet,
        PromotionViewSet,
        GiftViewSet,
        BatchViewSet,
        CodeViewSet,
        GrantViewSet,
        WhyViewSet,
    )
