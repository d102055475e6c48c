"""The half of the operator's door that registers: who takes part, on which terms, and who works."""

import strawberry

from schema.contracts import contract
from schema.nodes import Node
from schema.opaque import CONTRACT, CREDENTIAL, OUTLET, PARTNER, STAFF
from schema.operator.agreements import ContractMutation
from schema.operator.context import OperatorContext
from schema.operator.credentials import CredentialMutation, credential
from schema.operator.partners import PartnerQuery, partner
from schema.operator.programme import ProgrammeMutation, ProgrammeQuery
from schema.operator.registration import RegistrationMutation
from schema.operator.staff import StaffMutation, StaffQuery, staff_member
from schema.outlets import outlet


@strawberry.type
class RegistryQuery(PartnerQuery, ProgrammeQuery, StaffQuery):
    """What the door tells of the register."""


@strawberry.type
class RegistryMutation(
    RegistrationMutation, CredentialMutation, ContractMutation, ProgrammeMutation, StaffMutation
):
    """What the door does to the register."""


async def find_registered(context: OperatorContext, identifier: str) -> Node | None:
    """Return the partner, outlet, contract, credential or person with an id, or None."""
    loaders = context.loaders
    if (partner_id := PARTNER.unseal(identifier)) is not None:
        business = await loaders.partners.load(partner_id)
        return None if business is None else partner(business)
    if (outlet_id := OUTLET.unseal(identifier)) is not None:
        place = await loaders.outlets.load(outlet_id)
        return None if place is None else outlet(place)
    if (contract_id := CONTRACT.unseal(identifier)) is not None:
        agreed = await loaders.contracts.load(contract_id)
        return None if agreed is None else contract(agreed)
    if (credential_id := CREDENTIAL.unseal(identifier)) is not None:
        registered = await loaders.credentials.load(credential_id)
        return None if registered is None else credential(registered)
    if (staff_id := STAFF.unseal(identifier)) is not None:
        person = await loaders.staff.load(staff_id)
        return None if person is None else staff_member(person)
    return None
