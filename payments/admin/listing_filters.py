"""Filters that finance's listings share."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.fields import DateRangeField
from wagtail.admin.active_filters import (
    ActiveFilter,
    BaseFilterAdapter,
    register_filter_adapter_class,
)
from wagtail.admin.filters import DateRangePickerWidget


class SiteDaysField(DateRangeField):
    def compress(self, data_list: Any) -> Any:
        with timezone.override(settings.TIME_ZONE):
            return super().compress(data_list)


class SiteDays(django_filters.DateFromToRangeFilter):
    """From one day to another, both whole, of the site's calendar: the books have one, wherever
    their reader is."""

    field_class = SiteDaysField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=DateRangePickerWidget(), **kwargs)


class CurrencyFilter(django_filters.CharFilter):
    """By its three letters."""

    def filter(self, qs: Any, value: Any) -> Any:
        return super().filter(qs, value.upper() if value else value)


class BooleanAdapter(BaseFilterAdapter):
    """A yes or no beside the filter's name, not Python's word."""

    def get_active_filters(self) -> Iterable[ActiveFilter]:
        for found in super().get_active_filters():
            yield found._replace(value=_("Yes") if self.value else _("No"))


register_filter_adapter_class(django_filters.BooleanFilter, BooleanAdapter)


class RealMoneyFilter(django_filters.BooleanFilter):
    """Test mode leaves rows behind that no figure counts once the site takes money."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Real money"), field_name="livemode", **kwargs)


def period_widget() -> DateRangePickerWidget:
    return DateRangePickerWidget()
