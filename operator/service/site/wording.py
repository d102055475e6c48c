"""Points, money, rates and days in a reader's words: plurals, separators and the programme's zone.

Values come as the member's door answers them: decimals and instants are strings.
"""

from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import TypedDict

from babel import dates, numbers

from ledger.currencies import MINOR_DIGITS
from service.site.languages import Language

MINUS = "\N{MINUS SIGN}"
_HUNDRED = 100


class Money(TypedDict):
    """An amount as the door answers it."""

    amount: str
    currency: str


class Wording:
    """Writes values in one language, instants in one time zone."""

    def __init__(self, language: Language, zone: tzinfo) -> None:
        """Take whose words, and where days begin."""
        self._catalogue = language.catalogue
        self._locale = language.locale
        self._zone = zone

    def gettext(self, message: str) -> str:
        """Return a message of the catalogue."""
        translated: str = self._catalogue.ugettext(message)
        return translated

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form of a message that goes with a count."""
        translated: str = self._catalogue.ungettext(singular, plural, count)
        return translated

    def pgettext(self, context: str, message: str) -> str:
        """Return a message that means this only in a context."""
        return str(self._catalogue.upgettext(context, message))

    def number(self, value: str | int | Decimal) -> str:
        """Return a number with all its digits."""
        figures = numbers.format_decimal(
            Decimal(value), locale=self._locale, decimal_quantization=False
        )
        return figures.replace("-", MINUS)

    def signed(self, value: str | int | Decimal) -> str:
        """Return a number with its sign, also when it is positive."""
        return f"+{self.number(value)}" if Decimal(value) > 0 else self.number(value)

    def unit(self, count: int) -> str:
        """Return the word that follows a count of points."""
        return self.ngettext("point", "points", abs(count))

    def points(self, value: str | int | Decimal) -> str:
        """Return points, whole or not, with their unit."""
        exact = Decimal(value)
        if exact != exact.to_integral_value():
            # Fractions have a form of their own: 1,5 балла.
            return self.pgettext("fraction", "%(points)s points") % {"points": self.number(exact)}
        form = self.ngettext("%(points)s point", "%(points)s points", abs(int(exact)))
        return form % {"points": self.number(int(exact))}

    def money(self, money: Money) -> str:
        """Return an amount with all digits of its minor unit."""
        return self._currency(Decimal(money["amount"]), money["currency"])

    def _currency(self, amount: Decimal, currency: str, *, short: bool = False) -> str:
        pattern = self._locale.currency_formats["standard"].pattern
        if (
            pattern.startswith("¤#")
            and numbers.get_currency_symbol(currency, self._locale).isalpha()
        ):
            pattern = pattern.replace("¤", "¤\N{NO-BREAK SPACE}")  # as in RUB 10
        if short and amount == amount.to_integral_value():
            pattern = pattern.replace(".00", "")
        written = numbers.format_currency(
            amount,
            currency,
            format=pattern,
            locale=self._locale,
            currency_digits=not short,
            decimal_quantization=not short,
        )
        return written.replace("-", MINUS)

    def rate(self, points_per_unit: str, currency: str) -> str:
        """Return what a base rate gives, in whole points where that can be said."""
        rate = Decimal(points_per_unit)
        if 0 < rate < 1:
            spent = 1 / rate
            if spent == spent.to_integral_value():
                return self.gettext("1 point for each %(money)s") % {
                    "money": self._currency(spent, currency, short=True)
                }
        return self.gettext("%(points)s for each %(money)s") % {
            "points": self.points(_plain(rate)),
            "money": self._currency(Decimal(1), currency, short=True),
        }

    def worth(self, redeem_value: str, currency: str) -> str:
        """Return what a hundred points take off a bill; ``redeem_value`` is minor units for one."""
        major = Decimal(redeem_value) * _HUNDRED / 10 ** MINOR_DIGITS[currency]
        return self._currency(_plain(major), currency, short=True)

    def factor(self, value: str) -> str:
        """Return a multiplier."""
        return f"×{self.number(_plain(Decimal(value)))}"

    def rounding(self, mode: str) -> str:
        """Return which way points are made whole."""
        return {
            "HALF_UP": self.gettext("to the nearest whole point, a half upwards"),
            "HALF_EVEN": self.gettext("to the nearest whole point, a half to the even one"),
            "DOWN": self.gettext("down to whole points"),
            "UP": self.gettext("up to whole points"),
        }[mode]

    def share(self, value: str) -> str:
        """Return a share of one as a percentage."""
        return numbers.format_percent(
            Decimal(value), locale=self._locale, decimal_quantization=False
        )

    def _local(self, instant: str) -> datetime:
        return datetime.fromisoformat(instant).astimezone(self._zone)

    def day(self, instant: str) -> str:
        """Return the day of an instant, or a day that is one already."""
        if "T" not in instant:
            return dates.format_date(date.fromisoformat(instant), "long", locale=self._locale)
        return dates.format_date(self._local(instant).date(), "long", locale=self._locale)

    def short_day(self, instant: str) -> str:
        """Return day and month, where the year is told elsewhere."""
        return self._brief("MMMd", self._local(instant))

    def _brief(self, skeleton: str, day: datetime) -> str:
        written = dates.format_skeleton(skeleton, day, locale=self._locale)
        return written.replace(" ", "\N{NO-BREAK SPACE}")

    def day_beside(self, instant: str, other: str) -> str | None:
        """Return the day of an instant, or None when the other's is the same; a year if needed."""
        day, shown = self._local(instant), self._local(other)
        if day.date() == shown.date():
            return None
        return self._brief("MMMd" if day.year == shown.year else "yMMMd", day)

    def month(self, instant: str) -> str:
        """Return month and year, as a heading."""
        text = dates.format_date(self._local(instant), "LLLL y", locale=self._locale)
        return text[:1].upper() + text[1:]

    def time(self, instant: str) -> str:
        """Return the time of day."""
        return dates.format_time(self._local(instant), "short", locale=self._locale)

    def moment(self, instant: str) -> str:
        """Return day and time."""
        return self.gettext("%(day)s, %(time)s") % {
            "day": self.day(instant),
            "time": self.time(instant),
        }

    def stamp(self, instant: str) -> str:
        """Return an instant for a machine, in the programme's offset."""
        return self._local(instant).isoformat(timespec="seconds")


def _plain(value: Decimal) -> Decimal:
    """Return a number without zeros at its end, and never with an exponent."""
    return value.normalize() + 0 if value % 1 else value.quantize(Decimal(1))


def grouped(card_number: str) -> list[str]:
    """Return a card's number in groups of four."""
    return [card_number[start : start + 4] for start in range(0, len(card_number), 4)]
