"""A policy as a YAML file: one text for people, version control and checks. Pure.

Every value is read as the text that stands there, so 4.10 stays a clause and 200.00 stays money. Nothing but plain
mappings, lists and scalars is read: no tags, no anchors. Each problem names its line.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from flask_babel import lazy_gettext as _l

from app.kernel.money import BadMoney, Money
from app.kernel.time import iso, parse_instant
from app.kernel.yaml_rules import BadYaml, tokens
from app.policies.document_rules import Clause, Document, limit_of
from app.policies.known_rules import Known
from app.policies.rules import NO_CURRENCY, UNITS, Rule

FORMAT = "makegood-policy/1"
SIZE_MAX = 1024 * 1024
_TOP = ("format", "title", "source", "rationale", "starts", "clauses", "rules")
_CLAUSE = ("title", "text")
_RULE = (
    "clause", "role", "level", "certificate", "site", "team", "kind", "category", "severity", "segment", "per", "days",
    "limit", "hard", "from", "until",
)  # fmt: skip
_LIMIT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(\.[0-9]{1,4})? ([A-Z]{3})", re.ASCII)
_COUNT = re.compile(r"([0-9]{1,15}) remed(?:y|ies)", re.ASCII)
_SEVERITY = re.compile(r"([0-4])(?:\s*-\s*([0-4]))?", re.ASCII)
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class Problem:
    """What can't be read, and in which line (from 1; 0: the file as a whole)."""

    line: int
    sentence: str


class BadPolicyFile(ValueError):
    """The text is no policy; `problems` say why, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: one.line))
        super().__init__("; ".join(f"line {one.line}: {one.sentence}" for one in self.problems))


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """What a file says. lines: the line of each rule. starts: None when the file doesn't say."""

    document: Document
    starts: datetime | None
    lines: tuple[int, ...]


class _Dumper(yaml.SafeDumper):
    """Writes several lines as several lines."""


def _text_out(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text_out)


def dump(document: Document, known: Known, *, starts: datetime | None = None) -> str:
    """Write a policy as YAML; `load` reads the same document back."""
    content: dict[str, Any] = {"format": FORMAT, "title": document.title}
    for part in ("source", "rationale"):
        if getattr(document, part):
            content[part] = getattr(document, part)
    if starts is not None:
        content["starts"] = iso(starts)
    content["clauses"] = {
        clause.code: {part: value for part in _CLAUSE if (value := getattr(clause, part))}
        for clause in document.clauses
    }
    content["rules"] = [_rule_out(rule, known) for rule in document.rules]
    written: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return written


def _rule_out(rule: Rule, known: Known) -> dict[str, Any]:
    said: dict[str, Any] = {"clause": rule.clause, "role": rule.role, "level": rule.level_min}
    said["certificate"] = rule.certificate
    if rule.site_id is not None:
        said["site"] = _site_code(rule.site_id, known)
    if rule.team_id is not None:
        said["team"] = _team_name(rule.team_id, rule.site_id, known)
    said["kind"] = rule.kind
    if rule.category_id is not None:
        category = known.categories.get(rule.category_id)
        said["category"] = category.code if category else f"CT-{rule.category_id}"
    if (rule.severity_min, rule.severity_max) != (0, 4):
        same = rule.severity_min == rule.severity_max
        said["severity"] = rule.severity_min if same else f"{rule.severity_min}-{rule.severity_max}"
    said["segment"] = rule.segment
    said["per"], said["days"] = rule.unit, rule.days
    limit = limit_of(rule)
    said["limit"] = f"{limit.decimal()} {limit.currency}" if isinstance(limit, Money) else f"{limit} remedies"
    said["hard"] = rule.hard or None
    said["from"] = iso(rule.valid_from) if rule.valid_from else None
    said["until"] = iso(rule.valid_to) if rule.valid_to else None
    return {key: value for key, value in said.items() if value is not None and value != ""}


def _site_code(site_id: int, known: Known) -> str:
    """A site's code; one that is not known keeps its reference, which no file is read with."""
    site = known.sites.get(site_id)
    return site.code if site else f"SI-{site_id}"


def _team_name(team_id: int, site_id: int | None, known: Known) -> str:
    """A team's name at the rule's site, or with its own site's code."""
    team = known.teams.get(team_id)
    if team is None:
        return f"TE-{team_id}"
    return team.name if site_id == team.site_id else f"{_site_code(team.site_id, known)}: {team.name}"


def load(text: str, known: Known) -> PolicyFile:
    """Read a policy; raises BadPolicyFile with every problem that is found, each with its line."""
    if len(text.encode("utf-8", "replace")) > SIZE_MAX:
        raise BadPolicyFile([Problem(0, str(_l("The file is larger than 1 MiB.")))])
    reader = _Reader(known)
    root = _compose(text)
    if root is None or not isinstance(root, yaml.MappingNode):
        raise BadPolicyFile([Problem(1, str(_l("A policy file starts with “format: %(format)s”.", format=FORMAT)))])
    read = reader.document(root)
    if reader.problems or read is None:
        raise BadPolicyFile(reader.problems)
    return read


def _compose(text: str) -> yaml.Node | None:
    """Parse the text into nodes, without making any object of it."""
    try:
        for token in tokens(text):
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                line = token.start_mark.line + 1
                raise BadPolicyFile([Problem(line, str(_l("Anchors, aliases and tags are not read. Write it out.")))])
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as mistake:
        # What is never closed is found at the end, and has to be put right where it began.
        is_open = "end of stream" in str(mistake.problem)
        mark = (mistake.context_mark if is_open else None) or mistake.problem_mark or mistake.context_mark
        what = str(mistake.problem or mistake.context or "")
        raise BadPolicyFile(
            [Problem(mark.line + 1 if mark else 0, str(_l("This is no YAML: %(what)s.", what=what)))]
        ) from None
    except yaml.YAMLError as mistake:
        line = text.count("\n", 0, getattr(mistake, "position", 0)) + 1
        raise BadPolicyFile([Problem(line, str(_l("This is no YAML: a character that no text has.")))]) from None
    except BadYaml:
        raise BadPolicyFile([Problem(0, str(_l("The file is nested too deeply.")))]) from None


class _Reader:
    """Turns nodes into a document and collects what can't be read."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.problems: list[Problem] = []

    def problem(self, node: yaml.Node, sentence: object) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, str(sentence)))

    def document(self, root: yaml.MappingNode) -> PolicyFile | None:
        parts = self.mapping(root, _TOP)
        if self.text(parts.get("format")) != FORMAT:
            self.problem(
                parts.get("format") or root, _l("A policy file starts with “format: %(format)s”.", format=FORMAT)
            )
            return None
        title = " ".join((self.text(parts.get("title")) or "").split())
        if not title:
            self.problem(parts.get("title") or root, _l("The title is missing."))
        starts = self.instant(parts.get("starts"))
        clauses = self.clauses(parts.get("clauses"))
        rules, lines = self.rules(parts.get("rules"), root)
        document = Document(
            title=title,
            source=(self.text(parts.get("source")) or "").strip(),
            rationale=(self.text(parts.get("rationale")) or "").strip(),
            clauses=clauses,
        )
        return PolicyFile(document.with_rules(rules), starts, lines)

    def mapping(self, node: yaml.Node, allowed: tuple[str, ...] | None) -> dict[str, yaml.Node]:
        """The parts of a mapping by name; unknown and repeated names are problems."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, _l("Here stands a single value or a list, not “name: value” lines."))
            return {}
        parts: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if allowed is not None and name not in allowed:
                self.problem(key, _l("“%(name)s” is not known here. Known are: %(known)s.", name=str(name)[:60],
                                     known=", ".join(allowed)))  # fmt: skip
            elif name in parts:
                self.problem(key, _l("“%(name)s” stands here twice.", name=name[:60]))
            else:
                parts[name] = value
        return parts

    def text(self, node: yaml.Node | None) -> str | None:
        """A scalar's own text; nothing, ~ and null are None."""
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == _NULL):
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, _l("Here a single value is expected."))
            return None
        value: str = node.value
        return value

    def instant(self, node: yaml.Node | None) -> datetime | None:
        text = self.text(node)
        if node is None or text is None:
            return None
        try:
            return parse_instant(text)
        except (ValueError, OverflowError):
            self.problem(node, _l("Write an instant with its offset, such as 2027-01-01T00:00:00Z."))
            return None

    def number(self, node: yaml.Node | None) -> int | None:
        text = self.text(node)
        if node is None or text is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
            self.problem(node, _l("Write a whole number."))
            return None
        return int(text)

    def clauses(self, node: yaml.Node | None) -> tuple[Clause, ...]:
        if node is None or self._is_empty(node):
            return ()
        found = []
        for code, words in self.mapping(node, None).items():
            said = {} if self._is_empty(words) else self.mapping(words, _CLAUSE)
            texts = {part: (self.text(said.get(part)) or "").strip() for part in _CLAUSE}
            found.append(Clause(code, **texts))
        return tuple(found)

    def rules(self, node: yaml.Node | None, root: yaml.Node) -> tuple[list[Rule], tuple[int, ...]]:
        if node is None or not isinstance(node, yaml.SequenceNode):
            self.problem(node or root, _l("“rules” is missing, or no list of rules."))
            return [], ()
        rules = [self.rule(place, one) for place, one in enumerate(node.value, start=1)]
        return [rule for rule in rules if rule], tuple(one.start_mark.line + 1 for one in node.value)

    def rule(self, place: int, node: yaml.Node) -> Rule | None:
        before = len(self.problems)
        parts = self.mapping(node, _RULE)
        unit = self.text(parts.get("per"))
        if unit not in UNITS:
            self.problem(parts.get("per") or node, _l("“per” is one of: %(known)s.", known=", ".join(UNITS)))
        measure, minor, currency = self.limit(parts.get("limit"), node)
        severity = self.severity(parts.get("severity"))
        site_id = self.named(parts.get("site"), _l("There is no site “%(name)s”."), self.known.site_by_code)
        hard = self.text(parts.get("hard")) or "false"
        if hard not in ("true", "false"):
            self.problem(parts["hard"], _l("Write true or false."))
        values: Mapping[str, Any] = {
            "role": self.text(parts.get("role")),
            "site_id": site_id,
            "team_id": self.team(parts.get("team"), site_id),
            "level_min": self.number(parts.get("level")),
            "certificate": self.text(parts.get("certificate")),
            "kind": self.text(parts.get("kind")),
            "category_id": self.named(
                parts.get("category"), _l("There is no category “%(name)s”."), self.known.category_by_code
            ),
            "segment": self.text(parts.get("segment")),
            "days": self.number(parts.get("days")),
            "valid_from": self.instant(parts.get("from")),
            "valid_to": self.instant(parts.get("until")),
        }
        if len(self.problems) > before:
            return None
        return Rule(
            id=place, severity_min=severity[0], severity_max=severity[1], unit=unit, limit_minor=minor,  # type: ignore[arg-type]
            currency=currency, clause=self.text(parts.get("clause")) or "", hard=hard == "true", measure=measure,  # type: ignore[arg-type]
            **values,
        )  # fmt: skip

    def limit(self, node: yaml.Node | None, rule: yaml.Node) -> tuple[str, int, str]:
        text = self.text(node) or ""
        if count := _COUNT.fullmatch(text):
            return "count", int(count.group(1)), NO_CURRENCY
        found = _LIMIT.fullmatch(text)
        try:
            if found is None:
                raise BadMoney(str(_l("“limit” is an amount such as 200.00 USD, or a number such as 6 remedies.")))
            amount = Decimal(found.group(1).replace(",", "") + (found.group(2) or ""))
            money = Money.of(amount, found.group(3))
        except (BadMoney, InvalidOperation) as mistake:
            self.problem(node or rule, str(mistake))
            return "amount", 0, "EUR"
        return "amount", money.minor, money.currency

    def severity(self, node: yaml.Node | None) -> tuple[int, int]:
        text = self.text(node)
        if node is None or text is None:
            return 0, 4
        found = _SEVERITY.fullmatch(text)
        low = int(found.group(1)) if found else 0
        high = int(found.group(2) or low) if found else 4
        if not found or low > high:
            self.problem(node, _l("“severity” is one of 0 to 4, or two of them such as 2-4."))
        return low, high

    def team(self, node: yaml.Node | None, site_id: int | None) -> int | None:
        text = self.text(node)
        if node is None or text is None:
            return None
        team = self.known.team_by_name(site_id, text) if site_id is not None else None
        if team is None and ": " in text:
            code, _, name = text.partition(": ")
            site = self.known.site_by_code(code)
            team = self.known.team_by_name(site.id, name) if site else None
        if team is None:
            self.problem(node, _l("There is no team “%(name)s” at this site.", name=text[:60]))
            return None
        return team.id

    def named(self, node: yaml.Node | None, sentence: Any, find: Callable[[str], Any]) -> int | None:
        text = self.text(node)
        if node is None or text is None:
            return None
        found = find(text)
        if found is None:
            self.problem(node, str(sentence) % {"name": text[:60]})
            return None
        identity: int = found.id
        return identity

    def _is_empty(self, node: yaml.Node) -> bool:
        return isinstance(node, yaml.ScalarNode) and node.tag == _NULL
