"""Currencies that accounts may count in, with the digits of their minor unit (ISO 4217)."""

MINOR_DIGITS = {
    "AED": 2, "AMD": 2, "AZN": 2, "BHD": 3, "BYN": 2, "CAD": 2, "CHF": 2, "CNY": 2, "CZK": 2,
    "DKK": 2, "EUR": 2, "GBP": 2, "GEL": 2, "HUF": 2, "ILS": 2, "INR": 2, "JPY": 0, "KGS": 2,
    "KRW": 0, "KWD": 3, "KZT": 2, "MDL": 2, "NOK": 2, "PLN": 2, "RON": 2, "RSD": 2, "RUB": 2,
    "SEK": 2, "TJS": 2, "TRY": 2, "UAH": 2, "USD": 2, "UZS": 2,
}  # fmt: skip
"""Amounts are integers of the minor unit: kopecks for RUB, cents for USD, yen for JPY."""
