"""What a provisioning program may say of people and teams: SCIM 2.0's core schema, cut down to what is used here.

Whatever else a program sends is left out before anything reads it: it is neither kept nor refused.
"""

from functools import lru_cache
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import EmailStr, Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Context,
    ETag,
    Extension,
    Filter,
    InvalidSyntaxException,
    Mutability,
    Patch,
    PatchOp,
    Reference,
    Required,
    Resource,
    ResourceType,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)
from scim2_models.resources.resource import AnyExtension
from scim2_server.service import ModelT, ScimService

PAGE = 100
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_PERSON: dict[str, Any] = {
    "schemas": None, "id": None, "meta": None, "externalid": None, "username": None, "displayname": None,
    "title": None, "active": None, "name": {"formatted", "familyname", "givenname"},
    "emails": {"value", "type", "primary"}, "roles": {"value"}, ENTERPRISE.lower(): {"manager"},
}  # fmt: skip
_TEAM: dict[str, Any] = {
    "schemas": None, "id": None, "meta": None, "externalid": None, "displayname": None,
    "members": {"value", "$ref", "type"},
}  # fmt: skip


class PersonName(ComplexAttribute):
    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    value: Annotated[EmailStr | None, Required.true] = None
    type: str | None = Field(None, examples=["work", "home", "other"])
    primary: bool | None = None


class Membership(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class Manager(ComplexAttribute):
    value: Annotated[str | None, CaseExact.true] = None
    ref: Reference["User"] | None = Field(  # type: ignore[name-defined]  # noqa: F821
        None, serialization_alias="$ref", validation_alias="$ref"
    )


class EnterpriseUser(Extension):
    """The part of the enterprise extension that is used here: whom somebody reports to."""

    __schema__ = URN(ENTERPRISE)

    manager: Manager | None = None

    Manager: ClassVar[type[ComplexAttribute]] = Manager


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # type: ignore[name-defined]  # noqa: F821
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    """A team of a site."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[Member] | None = None

    Members: ClassVar[type[ComplexAttribute]] = Member


class Service(ScimService):
    """Leaves out of every body what isn't used here."""

    def read_body(self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context) -> ModelT:
        self.ensure_json(content_type)
        said = self.decode_body(body, None)
        refuse_odd_text(said)
        known = _TEAM if model.__name__.startswith(("Group", "PatchOp[Group")) else _PERSON
        if isinstance(said, dict):
            said = _cut_patch(said, known) if issubclass(model, PatchOp) else _with_email(_cut(said, known))
        return super().read_body(model, orjson.dumps(said), None, scim_ctx)


@lru_cache(maxsize=8)
def service_for(roles: tuple[str, ...]) -> Service:
    """Build the protocol for the roles that may be given here, which the schema names."""

    class Role(ComplexAttribute):
        value: str | None = Field(None, examples=list(roles))

    class User(Resource[AnyExtension]):
        """An employee."""

        __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

        user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
        name: PersonName | None = None
        display_name: str | None = None
        title: str | None = None
        active: bool | None = None
        emails: Annotated[list[Email] | None, Required.true] = None
        groups: Annotated[list[Membership] | None, Mutability.read_only] = None
        roles: list[Role] | None = None

        Name: ClassVar[type[ComplexAttribute]] = PersonName
        Emails: ClassVar[type[ComplexAttribute]] = Email
        Groups: ClassVar[type[ComplexAttribute]] = Membership
        Roles: ClassVar[type[ComplexAttribute]] = Role

    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken, name="Bearer token",
                description="A token that an administrator makes under Settings.",
            )
        ],
    )  # fmt: skip
    kinds = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    return Service(ScimProvider([User, EnterpriseUser, Group], kinds, config))


def refuse_odd_text(said: object) -> None:
    """Refuse text that no database keeps: NUL and halves of surrogate pairs. Raises InvalidSyntaxException."""
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and ("\0" in one or any("\ud800" <= sign <= "\udfff" for sign in one)):
            raise InvalidSyntaxException(detail="A text holds a character that can't be kept.")
        if isinstance(one, dict):
            waiting.extend([*one.keys(), *one.values()])
        elif isinstance(one, list):
            waiting.extend(one)


def _cut(said: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Leave what is known; names of attributes don't tell capital letters apart."""
    found = {}
    for name, value in said.items():
        if name.lower().partition(".")[0] not in known and name.lower() not in known:
            continue
        if name.lower() == "schemas" and isinstance(value, list):
            value = [one for one in value if not isinstance(one, str) or not _is_foreign(one)]
        found[name] = _cut_parts(value, known.get(name.lower()))
    return found


def _cut_parts(value: Any, parts: set[str] | None) -> Any:
    if parts is None:
        return value
    if isinstance(value, list):
        return [_cut_parts(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: one for name, one in value.items() if name.lower() in parts}
    for name in [name for name in kept if name.lower() == "manager"]:
        kept[name] = _manager(kept[name])
    return kept


def _manager(said: Any) -> Any:
    """Some programs name a manager by the id alone."""
    if isinstance(said, str):
        return {"value": said} if said else None
    return _cut_parts(said, {"value", "$ref"})


def _is_foreign(schema: str) -> bool:
    return ":extension:" in schema.lower() and schema.lower() != ENTERPRISE.lower()


def _with_email(said: dict[str, Any]) -> dict[str, Any]:
    """Take the user name for the e-mail address where it is one and nothing else was said."""
    names = {name.lower(): name for name in said}
    user_name = said.get(names.get("username", ""))
    if isinstance(user_name, str) and "@" in user_name and not said.get(names.get("emails", "")):
        said = {name: value for name, value in said.items() if name.lower() != "emails"}
        said["emails"] = [{"value": user_name, "type": "work", "primary": True}]
    return said


def _cut_patch(said: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    key = next((name for name in said if name.lower() == "operations"), None)
    steps = said.get(key or "")
    if key is None or not isinstance(steps, list) or not steps:
        return said
    kept = [step for one in steps if (step := _cut_step(one, known)) is not None]
    return {**said, key: kept or [{"op": "add", "value": {}}]}


def _cut_step(step: Any, known: dict[str, Any]) -> Any:
    if not isinstance(step, dict):
        return step
    path = next((value for name, value in step.items() if name.lower() == "path"), None)
    key = next((name for name in step if name.lower() == "value"), None)
    if not isinstance(path, str) or not path:
        return {**step, key: _cut(step[key], known)} if key and isinstance(step[key], dict) else step
    bare = path.lower()
    is_manager = bare.startswith(f"{ENTERPRISE.lower()}:manager")
    if bare.startswith("urn:") and not is_manager and bare != ENTERPRISE.lower():
        bare = bare.rpartition(":")[2] if ":core:" in bare else ""
    head = bare.split("[")[0].split(".")[0] if not bare.startswith("urn:") else ENTERPRISE.lower()
    if head not in known:
        return None
    if is_manager and bare.endswith(":manager") and key:
        return {**step, key: _manager(step[key])}
    return {**step, key: _cut_parts(step[key], known[head])} if key and not is_manager else step
