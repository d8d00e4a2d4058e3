"""Wagtail's page about oneself, without what /account/ knows better: name, e-mail, language,
time zone, password."""

from wagtail.admin.views.account import (
    AccountView,
    BaseSettingsPanel,
    ChangePasswordPanel,
    LocaleSettingsPanel,
    NameEmailSettingsPanel,
)

ELSEWHERE = (NameEmailSettingsPanel, LocaleSettingsPanel, ChangePasswordPanel)


class StaffAccountView(AccountView):
    def get_panels(self) -> list[BaseSettingsPanel]:
        return [panel for panel in super().get_panels() if not isinstance(panel, ELSEWHERE)]
