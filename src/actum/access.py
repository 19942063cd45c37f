"""Who may do what: the names for `App(access=…)`."""

from actum.errors import Forbidden, Unauthenticated
from actum.model.access.access import Access
from actum.model.access.methods import ApiKey, ApiKeys, Environment, Jwt, Sessions, hash_key
from actum.model.access.principal import Principal
from actum.model.access.rules import any_of, anyone, has_role, nobody, signed_in, through
from actum.runtime.access.session_data import sign_in, sign_out

__all__ = [
    "Access",
    "ApiKey",
    "ApiKeys",
    "Environment",
    "Forbidden",
    "Jwt",
    "Principal",
    "Sessions",
    "Unauthenticated",
    "any_of",
    "anyone",
    "has_role",
    "hash_key",
    "nobody",
    "sign_in",
    "sign_out",
    "signed_in",
    "through",
]
