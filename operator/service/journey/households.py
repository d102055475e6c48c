"""Made-up people for the households: a name and a telephone number that can't be anyone's.

All of it follows from the household's id, so every run of the demo meets the same people. First
names are ordinary, family names are coined, and the numbers are of the block 555-0100 to 555-0199
that North American numbering keeps free in each area code for fiction.
"""

from dataclasses import dataclass
from typing import Final

HIGHEST_ID: Final = 2_500
"""The greatest household id that has a person; ids begin at 1, the files use 2,469 of them."""

_NUMBERS_PER_AREA: Final = 100

# 50 first and 53 family names: without a common factor, so that the pair of remainders of an id is
# different for any 2,650 ids in a row.
_FIRST_NAMES: Final = (
    *("Ada", "Malik", "Rosa", "Theo", "Ingrid", "Omar", "Celia", "Hugo", "Naomi", "Pavel"),
    *("Lucia", "Desmond", "Priya", "Walter", "Fatima", "Gideon", "Mei", "Oscar", "Hannah", "Tomas"),
    *("Yara", "Felix", "Beatriz", "Silas", "Anika", "Marcus", "Esther", "Kofi", "Louise", "Rafael"),
    *(
        "Clara",
        "Jonah",
        "Soraya",
        "Ernest",
        "Wanda",
        "Diego",
        "Miriam",
        "Arthur",
        "Leila",
        "Victor",
    ),
    *("Greta", "Samuel", "Ines", "Caleb", "Nadia", "Edgar", "Thandi", "Martin", "Olive", "Kenji"),
)
_FAMILY_NAMES: Final = (
    *("Aldermoor", "Quenlow", "Fernlow", "Tarrowick", "Bellhurst", "Osprin", "Candlewood"),
    *("Marrowby", "Dunhallow", "Sylvermere", "Inkmoor", "Thornaby", "Everlock", "Wexmoor"),
    *("Gorselow", "Pennywhit", "Harrowdale", "Juniperly", "Lanternby", "Rookhollow", "Kestering"),
    *("Vantremoor", "Mosswick", "Appledrift", "Brackenby", "Cloverlow", "Driftmoor", "Elmsworthy"),
    *("Foxmere", "Greywater", "Hollinwyke", "Ivermay", "Jessamere", "Kilderwood", "Larkhaven"),
    *("Millbrand", "Nettlesby", "Oakenrow", "Pebblewick", "Quarrowby", "Rainsmere", "Saltmarrow"),
    *("Tidewyke", "Umberlow", "Violetree", "Willowmere", "Yarrowden", "Zephyrine", "Ashcombly"),
    *("Birchenlow", "Copperlea", "Dovetree", "Emberlyn"),
)
# New York, New Jersey, Connecticut, Massachusetts and Pennsylvania.
_AREA_CODES: Final = (
    *("212", "315", "347", "516", "518", "585", "607", "631", "646", "716", "718", "845", "914"),
    *("917", "201", "609", "732", "908", "203", "860", "413", "508", "617", "215", "412", "610"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who stands for a household. `phone` is in E.164, with the country code 1."""

    first_name: str
    family_name: str
    phone: str


def person(household: int) -> Person:
    """Return the person of a household: no two ids share a full name or a telephone number.

    Raises ValueError when `household` isn't between 1 and `HIGHEST_ID`.
    """
    if not 1 <= household <= HIGHEST_ID:
        raise ValueError(f"a household's id is 1 to {HIGHEST_ID}, got {household}")
    area, number = divmod(household, _NUMBERS_PER_AREA)
    return Person(
        first_name=_FIRST_NAMES[household % len(_FIRST_NAMES)],
        family_name=_FAMILY_NAMES[household % len(_FAMILY_NAMES)],
        phone=f"+1{_AREA_CODES[area]}55501{number:02}",
    )
