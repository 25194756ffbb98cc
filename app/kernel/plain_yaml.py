"""YAML that people wrote into small files: read as plain values, and refused before it could cost anything."""

from collections import deque
from pathlib import Path
from typing import Any

import yaml

from app.kernel.yaml_rules import BadYaml, tokens

BYTES_MAX = 1024 * 1024


def read_yaml(file: Path) -> Any:
    """Return a file's plain values; raises BadYaml, also for what can't be opened."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
        if len(raw) > BYTES_MAX:
            raise BadYaml("the file is larger than 1 MiB")
        text = raw.decode("utf-8-sig")
        deque(tokens(text), maxlen=0)
        return yaml.safe_load(text)
    except UnicodeDecodeError:
        raise BadYaml("this is no UTF-8 text") from None
    except OSError as trouble:
        raise BadYaml(trouble.strerror or "it can't be opened") from None
    except (yaml.YAMLError, ValueError, OverflowError) as mistake:
        if isinstance(mistake, BadYaml):
            raise
        mark = getattr(mistake, "problem_mark", None)
        raise BadYaml(str(getattr(mistake, "problem", None) or mistake)[:200], mark.line + 1 if mark else 0) from None
