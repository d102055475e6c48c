"""The eleven partners that the one real grocer is told as, and which lines are whose.

The grocer's departments become independent businesses. A line belongs to the first partner in
`PARTNERS` whose rule it meets; the last partner has no rule and takes all else. Legal names and
contract terms are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

FUEL_CATEGORY: Final = "FUEL"
"""The category of every line of gasoline; the file has most of it under 'COUPON/MISC ITEMS'."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions on a product, all of which must hold; an empty condition asks nothing.

    `departments` and `categories` are exact; `category_parts` are texts of which the category
    contains at least one; `type_prefix` is how the product's type begins.
    """

    departments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    category_parts: tuple[str, ...] = ()
    type_prefix: str = ""


@dataclass(frozen=True, slots=True)
class DemoTerms:
    """What the demo's contract with one partner says. All numbers are exact decimals.

    - `points_per_unit`: points earned per whole US dollar of a line's net amount
    - `excluded_categories`: product categories that neither earn nor can be paid with points
    - `category_multipliers`: factor on `points_per_unit` by product category
    - `redeem_value`: cents off a receipt per point paid
    - `issue_price`: cents that the partner owes the coalition per point which it issues
    - `redeem_price`: cents that the coalition owes the partner per point which it accepts
    """

    points_per_unit: Decimal
    issue_price: Decimal
    redeem_price: Decimal
    excluded_categories: tuple[str, ...] = ()
    category_multipliers: Mapping[str, Decimal] = field(
        default_factory=lambda: MappingProxyType({})
    )
    redeem_value: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Partner:
    """One business of the demo coalition.

    `key` is a stable slug, `legal_name` is made up, `category` is the line of business in words.
    """

    key: str
    legal_name: str
    category: str
    terms: DemoTerms
    rules: tuple[Rule, ...] = ()


FUEL: Final = Partner(
    key="fuel",
    legal_name="Halewick Fuel Stations LLC",
    category="Fuel stations",
    rules=(Rule(departments=("FUEL",)), Rule(type_prefix="GASOLINE")),
    terms=DemoTerms(
        points_per_unit=Decimal("0.5"),
        issue_price=Decimal("1.00"),
        redeem_price=Decimal("0.95"),
    ),
)

WINE: Final = Partner(
    key="wine",
    legal_name="Corvane & Daughters Wine Merchants Inc.",
    category="Wine, beer and spirits",
    rules=(
        Rule(departments=("SPIRITS",)),
        Rule(categories=("BEERS/ALES", "DOMESTIC WINE", "IMPORTED WINE", "MISC WINE", "LIQUOR")),
    ),
    terms=DemoTerms(
        points_per_unit=Decimal("1.5"),
        category_multipliers=MappingProxyType({"IMPORTED WINE": Decimal(2)}),
        issue_price=Decimal("1.10"),
        redeem_price=Decimal("0.90"),
    ),
)

GREENGROCER: Final = Partner(
    key="greengrocer",
    legal_name="Meadowlark Produce & Flowers Inc.",
    category="Fruit, vegetables and flowers",
    rules=(Rule(departments=("PRODUCE", "FLORAL", "GARDEN CENTER")),),
    terms=DemoTerms(
        points_per_unit=Decimal(2),
        category_multipliers=MappingProxyType(
            {"ORGANICS FRUIT & VEGETABLES": Decimal("1.5"), "ROSES": Decimal(2)}
        ),
        issue_price=Decimal("1.05"),
        redeem_price=Decimal("0.92"),
    ),
)

BUTCHER: Final = Partner(
    key="butcher",
    legal_name="Osgrove Brothers Butchers LLC",
    category="Meat",
    rules=(Rule(departments=("MEAT", "MEAT-PCKGD")),),
    terms=DemoTerms(
        points_per_unit=Decimal("1.5"),
        category_multipliers=MappingProxyType({"LAMB": Decimal(2)}),
        issue_price=Decimal("1.05"),
        redeem_price=Decimal("0.92"),
    ),
)

FISHMONGER: Final = Partner(
    key="fishmonger",
    legal_name="Pell Harbor Fish Company Inc.",
    category="Fish and seafood",
    rules=(Rule(departments=("SEAFOOD", "SEAFOOD-PCKGD")),),
    terms=DemoTerms(
        points_per_unit=Decimal(2),
        category_multipliers=MappingProxyType({"SEAFOOD-FRESH": Decimal("1.5")}),
        issue_price=Decimal("1.08"),
        redeem_price=Decimal("0.90"),
    ),
)

DELI: Final = Partner(
    key="deli",
    legal_name="Tamsin's Delicatessen & Kitchen LLC",
    category="Delicatessen and restaurant",
    rules=(Rule(departments=("DELI", "SALAD BAR", "CHEF SHOPPE", "RESTAURANT")),),
    terms=DemoTerms(
        points_per_unit=Decimal(2),
        category_multipliers=MappingProxyType({"PARTY TRAYS": Decimal(2)}),
        issue_price=Decimal("1.06"),
        redeem_price=Decimal("0.91"),
    ),
)

BAKERY: Final = Partner(
    key="bakery",
    legal_name="Quillby Hearth Bakery Inc.",
    category="Bread and pastry",
    rules=(Rule(departments=("PASTRY",)),),
    terms=DemoTerms(
        points_per_unit=Decimal(3),
        category_multipliers=MappingProxyType({"CAKES": Decimal("1.5")}),
        issue_price=Decimal("1.06"),
        redeem_price=Decimal("0.91"),
    ),
)

HEALTH_FOOD: Final = Partner(
    key="health-food",
    legal_name="Sorrel & Oat Natural Foods LLC",
    category="Health food",
    rules=(Rule(departments=("NUTRITION",)),),
    terms=DemoTerms(
        points_per_unit=Decimal(2),
        category_multipliers=MappingProxyType({"DRIED FRUIT": Decimal("1.5")}),
        issue_price=Decimal("1.08"),
        redeem_price=Decimal("0.90"),
    ),
)

PHARMACY: Final = Partner(
    key="pharmacy",
    legal_name="Wrenfield Pharmacy & Beauty Inc.",
    category="Pharmacy, beauty and baby care",
    rules=(
        Rule(departments=("COSMETICS",)),
        Rule(
            departments=("DRUG GM",),
            category_parts=(
                *("HAIR", "ORAL HYG", "SOAP", "COLD AND FLU", "FEMININE", "DEODOR", "ANALGES"),
                *("SHAVING", "HAND/BODY", "FIRST AID", "VITAMIN", "DIETARY", "ANTACID", "SINUS"),
                *("LAXATIVE", "EYE AND EAR", "ADULT INC", "FAMILY PLAN", "FOOT CARE", "PHARMACY"),
                *("MAKEUP", "FRAGR", "BABY", "INFANT", "DIAPER", "ETHNIC PERS", "SUNTAN"),
                *("HOME HEALTH", "HBC"),
            ),
        ),
    ),
    terms=DemoTerms(
        points_per_unit=Decimal(2),
        # Promoting infant formula or prescriptions is restricted by law in many places.
        excluded_categories=("INFANT FORMULA", "PHARMACY"),
        category_multipliers=MappingProxyType(
            {"MAKEUP AND TREATMENT": Decimal(2), "FRAGRANCES": Decimal(2)}
        ),
        issue_price=Decimal("1.10"),
        redeem_price=Decimal("0.90"),
    ),
)

HOUSEHOLD: Final = Partner(
    key="household",
    legal_name="Dunmarrow Home & Leisure Inc.",
    category="Household goods, sweets, press and tobacco",
    rules=(
        Rule(
            departments=(
                *("DRUG GM", "PHOTO & VIDEO", "AUTOMOTIVE", "TOYS", "ELECT &PLUMBING"),
                *("GM MERCH EXP", "TRAVEL & LEISURE", "POSTAL CENTER"),
            )
        ),
    ),
    terms=DemoTerms(
        points_per_unit=Decimal(1),
        # Tobacco, and what is as good as money: tickets, calling credit, coupons.
        excluded_categories=(
            *("CIGARETTES", "CIGARS", "TOBACCO OTHER", "TICKETS", "COUPON", "COUPON/MISC ITEMS"),
            *("PREPAID WIRELESS&ACCESSORIES", "LONG DISTANCE CALLING CARDS"),
        ),
        category_multipliers=MappingProxyType({"TOYS AND GAMES": Decimal(3)}),
        issue_price=Decimal("1.04"),
        redeem_price=Decimal("0.93"),
    ),
)

SUPERMARKET: Final = Partner(
    key="supermarket",
    legal_name="Brightwater Markets Inc.",
    category="Supermarket",
    terms=DemoTerms(
        points_per_unit=Decimal(1),
        # Deposits, coupons, and 'COUPON/MISC ITEMS', under which the grocer sells gift cards.
        excluded_categories=("BOTTLE DEPOSITS", "COUPONS/STORE & MFG", "COUPON/MISC ITEMS"),
        category_multipliers=MappingProxyType(
            {"COFFEE": Decimal(2), "PET CARE SUPPLIES": Decimal(2)}
        ),
        issue_price=Decimal("1.02"),
        redeem_price=Decimal("0.94"),
    ),
)

PARTNERS: Final = (
    *(FUEL, WINE, GREENGROCER, BUTCHER, FISHMONGER, DELI, BAKERY, HEALTH_FOOD),
    *(PHARMACY, HOUSEHOLD, SUPERMARKET),
)
"""All partners, in the order in which their rules are tried."""


def partner_case() -> str:
    """Return the SQL expression that names a product's partner: the first match wins.

    It reads three columns, each text or NULL: `department`, `product_category` and
    `product_type`, and gives a partner's key. Three NULLs, a product that the file doesn't
    describe, give the last partner.
    """
    *ruled, rest = PARTNERS
    branches = "\n".join(
        f"  WHEN {' OR '.join(map(_condition, partner.rules))} THEN {_literal(partner.key)}"
        for partner in ruled
    )
    return f"CASE\n{branches}\n  ELSE {_literal(rest.key)}\nEND"


def _condition(rule: Rule) -> str:
    terms = []
    if rule.departments:
        terms.append(f"department IN ({', '.join(map(_literal, rule.departments))})")
    if rule.categories:
        terms.append(f"product_category IN ({', '.join(map(_literal, rule.categories))})")
    if rule.category_parts:
        parts = (f"contains(product_category, {_literal(part)})" for part in rule.category_parts)
        terms.append(f"({' OR '.join(parts)})")
    if rule.type_prefix:
        terms.append(f"starts_with(product_type, {_literal(rule.type_prefix)})")
    return f"({' AND '.join(terms)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
