"""The storage under the SCIM protocol: our employees and teams, read by our queries and changed by our actions."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Union

import orjson
from scim2_models import (
    InvalidValueException,
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ScimFilter,
    SearchRequest,
)
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import ScimStorage, SearchPage
from scim2_server.utils import parametrize

from app.kernel.actor import Actor
from app.kernel.errors import BadInput
from app.kernel.references import parse_ref, ref
from app.kernel.transactions import transaction
from app.people import scim_actions, scim_team_actions
from app.people import scim_queries as queries
from app.people.scim_queries import ScimPerson, ScimTeam
from app.people.scim_rules import UnknownRole, Wanted, email_of, group_name, name_of, role_of
from app.people.scim_schema import ENTERPRISE, Service
from config import Settings

_WALK = 500
_FAR = 1_000_000_000
_KEPT = ("displayName", "name", "emails", "roles")


class Storage(ScimStorage):
    """For one request of one token."""

    def __init__(self, service: Service, settings: Settings, *, token: str, actor: Actor, now: datetime) -> None:
        self.service, self.settings = service, settings
        self.token, self.actor, self.now = token, actor, now

    @contextmanager
    def operation(self) -> Iterator[None]:
        yield

    def get(self, resource_type: ResourceType, resource_id: str, **_projection: Any) -> Resource[Any]:
        if resource_type.name == "User":
            person = queries.person_of(self._id("employee", resource_id))
            if person is not None:
                return self._user(person)
        else:
            team = queries.team_of(self._id("team", resource_id))
            if team is not None:
                return self._group(team)
        raise NotFoundException(detail=f"{resource_type.name} {resource_id!r} not found")

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        skip = search_request.start_index_0 or 0
        limit = search_request.count if search_request.count is not None else 100
        if skip > _FAR:
            raise InvalidValueException(detail="There are not that many.")
        names = {one.name for one in resource_types}
        if search_request.filter is None:
            return self._page(names, skip, limit)
        found = [
            one for one in self._candidates(names, search_request.filter) if self._fits(search_request.filter, one)
        ]
        return SearchPage(len(found), found[skip : skip + limit])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        with transaction():
            return self._put(resource_type, resource, None)

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        with transaction():
            current = self.get(resource_type, resource.id or "")
            self._check(current, expected_version)
            return self._put(resource_type, resource, current)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        with transaction():
            self._check(self.get(resource_type, resource_id), expected_version)
            if resource_type.name == "User":
                scim_actions.delete_person(employee_id=self._id("employee", resource_id), **self._who())
            else:
                scim_team_actions.delete_team(team_id=self._id("team", resource_id), **self._who())

    def _who(self) -> dict[str, Any]:
        return {"token": self.token, "actor": self.actor, "now": self.now}

    def _put(self, kind: ResourceType, resource: Resource[Any], current: Resource[Any] | None) -> Resource[Any]:
        said = resource.model_dump()
        if kind.name == "User":
            employee_id = self._id("employee", current.id or "") if current else None
            employee_id = scim_actions.put_person(
                employee_id=employee_id, wanted=self._wanted(said, current), roles=self.settings.scim_roles,
                site=self.settings.scim_site, **self._who(),
            )  # fmt: skip
            return self.get(kind, ref("employee", employee_id))
        members = [self._member(one) for one in said.get("members") or ()]
        team_id = scim_team_actions.put_team(
            team_id=self._id("team", current.id or "") if current else None, display=said["displayName"],
            external_id=said.get("externalId"), members=members, site=self.settings.scim_site, **self._who(),
        )  # fmt: skip
        return self.get(kind, ref("team", team_id))

    def _wanted(self, said: dict[str, Any], current: Resource[Any] | None) -> Wanted:
        """Read what is said of a person. A role stays when nothing was ever said of it, and falls to the least when it was."""
        before = current.model_dump().get("roles") if current else None
        try:
            role = role_of(said, self.settings.scim_roles) if said.get("roles") != before else None
            if current is not None and before and not said.get("roles"):
                role = self._role_without(current)
        except UnknownRole as unknown:
            raise BadInput({"roles": [f"Provisioning gives nobody the role {unknown}."]}) from unknown
        manager = (said.get(ENTERPRISE) or {}).get("manager") or {}
        return Wanted(
            user_name=said["userName"][:255],
            external_id=said.get("externalId"),
            name=name_of(said),
            email=email_of(said),
            role=role,
            job_title=said.get("title") or "",
            is_active=said.get("active"),
            manager=manager.get("value") or manager.get("$ref"),
            said={
                **{name: said[name] for name in _KEPT if said.get(name)},
                "hides_active": current is not None and said.get("active") is None,
            },
        )

    def _role_without(self, current: Resource[Any]) -> str | None:
        person = queries.person_of(self._id("employee", current.id or ""))
        return self.settings.scim_roles[0][1] if person and person.said.get("roles") else None

    def _member(self, one: dict[str, Any]) -> int:
        found = parse_ref("employee", str(one.get("value") or one.get("$ref") or "").rpartition("/")[2])
        if found is None or queries.person_of(found) is None:
            raise BadInput({"members": [f"{one.get('value')} is nobody here."]})
        return found

    @staticmethod
    def _id(noun: str, resource_id: str) -> int:
        return parse_ref(noun, resource_id) or 0

    @staticmethod
    def _check(current: Resource[Any], expected: str | None) -> None:
        assert current.meta is not None
        if expected is not None and current.meta.version != expected:
            raise PreconditionFailedException

    def _page(self, names: set[str | None], skip: int, limit: int) -> SearchPage:
        people = queries.person_count() if "User" in names else 0
        teams = queries.team_count() if "Group" in names else 0
        found: list[Resource[Any]] = []
        if skip < people:
            found += [self._user(one) for one in queries.people_page(skip, limit)]
        if teams and len(found) < limit:
            found += [self._group(one) for one in queries.teams_page(max(0, skip - people), limit - len(found))]
        return SearchPage(people + teams, found)

    def _candidates(self, names: set[str | None], asked: ScimFilter[Any]) -> Iterator[Resource[Any]]:
        """Walk whoever may fit: by index for the look-ups of every program, else everybody."""
        node = asked.ast
        attribute = str(node.attr_path).lower() if isinstance(node, Comparison) else ""
        if (
            names == {"User"}
            and isinstance(node, Comparison)
            and node.op == CompareOperator.eq
            and isinstance(node.value, str)
            and attribute in ("username", "externalid")
        ):
            yield from map(self._user, queries.people_named(attribute, node.value.replace("\0", "")))
            return
        after = 0
        while "User" in names:
            rows = queries.people_after(after, _WALK)
            yield from map(self._user, rows)
            if len(rows) < _WALK:
                break
            after = rows[-1].id
        if "Group" in names:
            yield from map(self._group, queries.teams_page(0, 10_000))

    def _fits(self, asked: ScimFilter[Any], one: Resource[Any]) -> bool:
        if not asked.models:
            kinds = tuple(self.service.get_models())
            asked = parametrize(ScimFilter, Union[kinds])(str(asked))  # type: ignore[arg-type]  # noqa: UP007
        return bool(asked.match(one))

    def _user(self, row: ScimPerson) -> Resource[Any]:
        said = row.said
        then = said.pop("then", {})
        is_told = not said.pop("hides_active", False)
        document: dict[str, Any] = {"title": row.job_title or None, "active": row.is_active if is_told else None}
        document["userName"] = row.user_name or row.email
        document["externalId"] = row.external_id
        if then.get("name") == row.name:
            document |= {name: said.get(name) for name in ("displayName", "name")}
        else:
            document |= {"displayName": row.name, "name": {"formatted": row.name}}
        own_email = [{"value": row.email, "type": "work", "primary": True}]
        document["emails"] = said.get("emails") if then.get("email") == row.email else own_email
        theirs = next((name for name, ours in self.settings.scim_roles if ours == row.role), row.role)
        document["roles"] = said.get("roles") if then.get("role") == row.role else [{"value": theirs}]
        if row.manager_id is not None:
            boss = ref("employee", row.manager_id)
            document[ENTERPRISE] = {"manager": {"value": boss, "$ref": f"Users/{boss}"}}
        if row.team_id is not None and row.team_deleted_at is None:
            group, site = ref("team", row.team_id), self._site()
            name = group_name(row.team or "", row.team_site or "", site)
            document["groups"] = [{"value": group, "$ref": f"Groups/{group}", "display": name}]
        return self._resource("User", row.ref, document, row.active_from, row.changed_at)

    def _group(self, row: ScimTeam) -> Resource[Any]:
        document = {
            "displayName": group_name(row.name, row.site, self._site()),
            "externalId": row.external_id,
            "members": [
                {"value": ref("employee", one), "$ref": f"Users/{ref('employee', one)}", "type": "User"}
                for one in row.members
            ] or None,
        }  # fmt: skip
        return self._resource("Group", row.ref, document, None, row.changed_at)

    def _site(self) -> str:
        if not hasattr(self, "_own_site"):
            self._own_site = scim_actions.own_site(self.settings.scim_site).code
        return self._own_site

    def _resource(
        self, kind: str, reference: str, document: dict[str, Any], made: datetime | None, changed: datetime | None
    ) -> Resource[Any]:
        """Build a resource; its version is the hash of what it says, so whatever changes it changes that."""
        model = self.service.get_model(self.service.get_resource_type(kind))
        found = model.model_validate({name: value for name, value in document.items() if value is not None})
        version = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
        found.id = reference
        found.meta = Meta(
            resource_type=kind, created=made, last_modified=changed or made, version=f'W/"{version}"'
        )  # fmt: skip
        return found
