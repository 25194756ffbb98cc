"""The mappings that come with the product, and mapping files of one's own."""

from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.intake.mapping_rules import BadMapping, Mapping, parse_mapping
from app.kernel.plain_yaml import read_yaml
from app.kernel.yaml_rules import BadYaml

FOLDER = Path(__file__).parent / "mappings"
_ZONES_FILE = "airport-zones.yaml"
_SIZE_MAX = 1024 * 1024


@cache
def shipped() -> dict[str, Mapping]:
    """Return the product's own mappings by name."""
    paths = sorted(path for path in FOLDER.glob("*.yaml") if path.name != _ZONES_FILE)
    found = [read_mapping(path) for path in paths]
    return {mapping.name: mapping for mapping in found}


def mapping_named(text: str) -> Mapping:
    """Return a mapping by its name or by the path of its file; raises BadMapping."""
    if text in shipped():
        return shipped()[text]
    path = Path(text)
    if not path.is_file():
        raise BadMapping(
            _(
                "There is no mapping “%(name)s”. Known are %(known)s; or give the path of a file.",
                name=text,
                known=", ".join(shipped()),
            )
        )
    return read_mapping(path)


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file (YAML); a file of time zones is looked for beside it."""
    raw = _load(path)
    zones = None
    if isinstance(raw, dict) and isinstance(raw.get("zones"), str):
        beside = path.parent / Path(raw["zones"]).name
        zones = _load(beside if beside.is_file() else FOLDER / Path(raw["zones"]).name)
        if not (isinstance(zones, dict) and all(isinstance(codes, list) for codes in zones.values())):
            raise BadMapping(_("%(place)s should be a table of names and values.", place=raw["zones"]))
    return parse_mapping(raw, zones=zones)


def _load(path: Path) -> Any:
    try:
        if path.stat().st_size > _SIZE_MAX:
            raise BadMapping(_("The mapping file is larger than 1 MiB."))
        return read_yaml(path)
    except OSError:
        raise BadMapping(_("The file “%(name)s” can't be read.", name=path.name)) from None
    except BadYaml as error:
        raise BadMapping(
            _("The mapping file can't be read as YAML (line %(line)d).", line=max(1, error.line))
        ) from None
