"""经营概览: six figures, then pictures; each says how it is computed and opens its rows."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_percent
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from insights import figures
from insights.charts import Piece, RowBar, Wave
from insights.figures import CHARGE, DISPUTE, REFUND
from insights.period_form import PeriodForm
from insights.rates import Movement, Rates
from insights.rights import finance_only
from insights.spans import Span, month_of, zone
from operations import clock
from pages import dates
from pages.templatetags.charts import Bar
from payments import gateway, recurring
from payments.admin.listing import in_words

MONTHS_MOVING = 6


@dataclass(frozen=True)
class Figure:
    """One number: what it was before, where its rows are, how it comes about."""

    label: str
    value: str
    url: str
    how: str
    before: str = ""
    awaits: str = ""  # what must happen first, where there is nothing to count


@require_safe
@finance_only
def overview(request: HttpRequest) -> HttpResponse:
    today = clock.now().astimezone(zone()).date()
    form = PeriodForm(request.GET, currencies=figures.currencies(), today=today)
    reading = Reading(form.chosen_currency, form.span, today)
    cohorts = reading.cohorts()
    context = {
        "page_title": _("Overview"),
        "header_title": _("Overview"),
        "header_icon": "view",
        "breadcrumbs_items": [{"url": "", "label": _("Overview")}],
        "form": form,
        "days": reading.days(),
        "days_before": _between(reading.before),
        "figures": list(reading.figures()),
        "revenue": reading.revenue(),
        "revenue_title": reading.revenue_title(),
        "offers": reading.offers(),
        "movement": reading.movement(),
        "cohorts": cohorts,
        "ages": range(max((len(each["cells"]) for each in cohorts), default=0)),
        "conversion": reading.conversion(),
        "worth": reading.worth(),
        "statement_url": reverse("insights-statements:month", args=[f"{reading.span.last:%Y-%m}"]),
    }
    return TemplateResponse(request, "insights/overview.html", context)


@dataclass(frozen=True)
class Reading:
    """What the figures say of some days in one currency, in words, for one page."""

    currency: str
    span: Span
    today: date

    @property
    def before(self) -> Span:
        return self.span.before()

    @cached_property
    def rates(self) -> Rates:
        """At every instant that some figure of the page looks at."""
        spans = [self.span, self.before, *self._months_moving().months()]
        instants = [at for each in spans for at in (each.start, each.end)]
        instants += figures.instants_of_worth(self.span.last)
        return Rates(figures.subscriptions(self.currency), instants)

    def days(self) -> str:
        return _between(self.span)

    def figures(self) -> Any:
        yield from self._takings()
        yield from self._recurring()
        yield self._churn()
        yield self._past_due()

    def _takings(self) -> Any:
        now = figures.takings(self.currency, self.span)
        then = figures.takings(self.currency, self.before)
        awaits = "" if now.number or now.net else _("Awaits the first payment of these days.")
        yield Figure(
            _("Revenue"),
            self._money(now.revenue),
            self._entries(self.span, CHARGE),
            _("All payments booked in these days, before fees. Refunds are not taken off."),
            self._money(then.revenue),
            awaits,
        )
        yield Figure(
            _("Net of refunds"),
            self._money(now.net),
            self._entries(self.span, CHARGE, REFUND, DISPUTE),
            _(
                "Revenue, less what went back in these days by refund or dispute, whenever it had "
                "been paid. Stripe's fees are not taken off: they are in the monthly statement."
            ),
            self._money(then.net),
            awaits,
        )

    def _recurring(self) -> Any:
        now = self.rates.recurring(self.span.end)
        then = self.rates.recurring(self.before.end)
        rows = self._subscriptions(paying_on=self.span.last)
        awaits = "" if now.number else _("Awaits the first paid bill of a subscription.")
        yield Figure(
            _("MRR"),
            self._money(now.monthly),
            rows,
            _(
                "What subscriptions bring a month, at the end of these days: each one's newest "
                "paid bill, before what a credit paid of it, a quarter's by 3, a year's by 12. "
                "Trials do not count; who is paused or whose payment fails does, until the "
                "subscription ends."
            ),
            self._money(then.monthly),
            awaits,
        )
        yield Figure(
            _("Active subscriptions"),
            str(now.number),
            rows,
            _("Subscriptions that MRR counts: paid at least once, and not ended."),
            str(then.number),
            awaits,
        )

    def _churn(self) -> Figure:
        now = self.rates.churn(self.span)
        then = self.rates.churn(self.before)
        words = {"ended": now.ended, "before": now.before}
        return Figure(
            _("Churn"),
            percent(now.share) if now.before else "–",
            self._subscriptions(
                paying_on=self.span.first - timedelta(days=1),
                ended_at_from=self.span.first,
                ended_at_to=self.span.last,
            ),
            _(
                "Of the subscriptions that paid when these days began (%(before)d), those that "
                "ended in them (%(ended)d). Who cancelled and still has days left has not ended."
            )
            % words,
            percent(then.share) if then.before else "–",
            "" if now.before else _("Awaits subscriptions that paid before these days."),
        )

    def _past_due(self) -> Figure:
        number = figures.past_due(self.currency)
        return Figure(
            _("Past due"),
            str(number),
            self._subscriptions(status="past_due"),
            _("Subscriptions whose renewal failed and that Stripe tries again, as of now."),
            awaits="" if number else _("No renewal is failing."),
        )

    def revenue_title(self) -> str:
        if self.span.days <= figures.DAYS_SHOWN:
            return _("Revenue by day")
        if self.span.days <= figures.WEEKS_SHOWN:
            return _("Revenue by week")
        return _("Revenue by month")

    def revenue(self) -> list[Bar]:
        found = figures.revenue_by_day(self.currency, self.span)
        every = max(1, -(-len(found) // 8))
        return [
            Bar(
                words=_between(piece),
                value=amount,
                label=f"{piece.first.month}/{piece.first.day}" if n % every == 0 else "",
                shown=self._money(amount),
                url=self._entries(piece, CHARGE),
            )
            for n, (piece, amount) in enumerate(found)
        ]

    def offers(self) -> list[RowBar]:
        found = figures.takings_by_offer(self.currency, self.span)
        top = max((each.net for _offer, each in found), default=0)
        return [
            RowBar(
                label=str(offer) if offer else _("Made at Stripe by hand"),
                shown=(self._money(each.revenue), self._money(each.net)),
                share=max(each.net, 0) * 100 // top if top > 0 else 0,
                url=self._entries(self.span, CHARGE, REFUND, DISPUTE, offer=offer.pk)
                if offer
                else "",
            )
            for offer, each in found
        ]

    def movement(self) -> list[Wave]:
        return [
            Wave(
                words=_month(each.span),
                label=f"{each.span.first.month}",
                pieces=[self._piece(kind, each) for kind in recurring.MOVES],
                closing=self._a_month(each.closing),
                gained=self._a_month(each.gained),
                lost=self._a_month(each.lost),
            )
            for each in map(self.rates.movement, self._months_moving().months())
        ]

    def _months_moving(self) -> Span:
        """The days, or half a year up to them: a month alone shows no movement."""
        last = self.span.last
        return Span(min(self.span.first, month_of(last, later=1 - MONTHS_MOVING)), last)

    def _piece(self, kind: str, movement: Movement) -> Piece:
        yearly = movement.by_kind[kind]
        days = {"moved_in_from": movement.span.first, "moved_in_to": movement.span.last}
        return Piece(
            kind,
            str(recurring.MOVES[kind][0]),
            yearly,
            self._a_month(yearly),
            self._subscriptions(moved=kind, **days),
        )

    def _a_month(self, yearly: int) -> str:
        return self._money(recurring.a_month(yearly))

    def cohorts(self) -> list[dict[str, Any]]:
        return [
            {
                "month": _month(Span.of_month(each.month)),
                "size": each.size,
                "url": self._subscriptions(
                    first_paid_at_from=each.month, first_paid_at_to=Span.of_month(each.month).last
                ),
                "cells": [
                    {"shown": percent(share), "heat": int(share * 10), "number": number}
                    for share, number in zip(each.shares, each.kept, strict=True)
                ],
            }
            for each in figures.cohorts(self.currency, self.span.last)
        ]

    def conversion(self) -> dict[str, Any]:
        now = figures.conversion(self.currency, self.span)
        then = figures.conversion(self.currency, self.before)
        return {
            "share": percent(now.share) if now.started else "",
            "before": percent(then.share) if then.started else "–",
            "rows": [
                RowBar(_("Checkout started"), (str(now.started),), 100, self._orders()),
                RowBar(
                    _("Paid"),
                    (str(now.paid),),
                    now.paid * 100 // now.started if now.started else 0,
                    self._orders(paid="true"),
                ),
            ],
        }

    def worth(self) -> dict[str, str] | None:
        found = figures.worth(self.rates, self.currency, self.span.last)
        if found is None:
            return None
        return {
            "arpu": "–" if found.arpu is None else self._money(found.arpu),
            "ltv": "–" if found.ltv is None else self._money(found.ltv),
        }

    # The listings show the very rows.

    def _entries(self, span: Span, *kinds: str, **more: Any) -> str:
        days = {"booked_at_from": span.first, "booked_at_to": span.last}
        return self._rows("entries", kind=list(kinds), **days, **more)

    def _subscriptions(self, **more: Any) -> str:
        return self._rows("subscriptions", **more)

    def _orders(self, **more: Any) -> str:
        days = {"created_at_from": self.span.first, "created_at_to": self.span.last}
        return self._rows("orders", **days, **more)

    def _rows(self, listing: str, **chosen: Any) -> str:
        mode = "true" if gateway.is_live() else "false"
        query = {"currency": self.currency, "livemode": mode, **chosen}
        return f"{reverse(f'money-{listing}:index')}?{urlencode(query, doseq=True)}"

    def _money(self, amount: int) -> str:
        return in_words(amount, self.currency)


def percent(share: Fraction | None) -> str:
    """12.5%, in the reader's language."""
    locale = to_locale(get_language() or "zh-hans")
    return format_percent(float(share or 0), "#,##0.#%", locale=locale)


def _between(span: Span) -> str:
    first, last = dates.day(span.first), dates.day(span.last)
    return first if first == last else f"{first} – {last}"


def _month(span: Span) -> str:
    return f"{span.first:%Y-%m}"
