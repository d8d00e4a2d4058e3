from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks


@hooks.register("register_account_menu_item")
def own_account(request: object) -> dict[str, object]:
    return {
        "url": reverse("account_home"),
        "label": _("My account on the site"),
        "help_text": _("Name, e-mail, language, time zone, passkeys and sessions are kept there."),
    }
