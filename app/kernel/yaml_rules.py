"""What YAML is made of, before a parser calls itself for it. Pure."""

from collections.abc import Iterator

import yaml

DEPTH_MAX = 40  # PyYAML calls itself for each level, and takes a minute for sixty thousand
_BEGINS = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_ENDS = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


class BadYaml(ValueError):
    """It can't be read; the words say why, `line` where (from 1, 0 where no line is to blame)."""

    def __init__(self, words: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {words}" if line else words)
        self.line = line


def tokens(text: str) -> Iterator[yaml.Token]:
    """Give what a text is made of, before a parser calls itself for it; raises BadYaml for what is nested too deeply."""
    level = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        level += isinstance(token, _BEGINS) - isinstance(token, _ENDS)
        if level > DEPTH_MAX:
            raise BadYaml("it is nested too deeply", token.start_mark.line + 1)
        yield token
