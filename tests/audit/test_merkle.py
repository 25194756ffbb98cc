"""The tree against the vectors of the field, and its proofs for every size, index and forgery that the generator finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.merkle_rules import (
    BLOCK,
    EMPTY_ROOT,
    Subtrees,
    Tree,
    consistency_path,
    inclusion_path,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
    split,
)

# The eight inputs, roots and proofs that Certificate Transparency's reference implementations are checked with.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def subtrees(leaves: list[bytes]) -> Subtrees:
    blocks = Tree().add(leaves)
    return Subtrees(blocks, lambda start, end: leaves[start:end])


def some(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4)) for number in range(count)]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(by_definition(leaves[:middle]), by_definition(leaves[middle:]))


def test_roots_and_proofs_are_those_of_the_reference() -> None:
    assert EMPTY_ROOT.hex() == root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [root_of(LEAVES[:size]).hex() for size in range(1, 9)] == ROOTS
    for (index, size), path in INCLUSION.items():
        assert [step.hex() for step in inclusion_path(index, size, subtrees(LEAVES))] == path
    for (first, size), path in CONSISTENCY.items():
        assert [step.hex() for step in consistency_path(first, size, subtrees(LEAVES))] == path


def test_every_proof_of_every_small_tree_holds() -> None:
    leaves = some(40)
    parts, roots = subtrees(leaves), [root_of(leaves[:size]) for size in range(41)]
    for size in range(1, 41):
        assert roots[size] == by_definition(leaves[:size])
        for index in range(size):
            assert is_included(leaves[index], index, size, inclusion_path(index, size, parts), roots[size])
        for first in range(1, size + 1):
            assert is_consistent(first, roots[first], size, roots[size], consistency_path(first, size, parts))


@given(st.integers(1, 3 * BLOCK + 5), st.data())
def test_a_tree_that_goes_on_is_the_tree_built_at_once(size: int, data: st.DataObject) -> None:
    leaves, first = some(size), data.draw(st.integers(0, size))
    begun = Tree()
    blocks = begun.add(leaves[:first])
    going_on = Tree(begun.size, begun.peaks)
    blocks += going_on.add(leaves[first:])
    assert going_on.root() == by_definition(leaves)
    assert blocks == [by_definition(leaves[at : at + BLOCK]) for at in range(0, size - BLOCK + 1, BLOCK)]
    index = data.draw(st.integers(0, size - 1))
    parts = Subtrees(blocks, lambda start, end: leaves[start:end])
    assert is_included(leaves[index], index, size, inclusion_path(index, size, parts), going_on.root())
    if first:
        path = consistency_path(first, size, parts)
        assert is_consistent(first, begun.root(), size, going_on.root(), path)


@given(st.integers(2, 400), st.data())
def test_a_proof_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    leaves = some(size)
    parts, root = subtrees(leaves), root_of(leaves)
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, parts)
    assert other == index or not is_included(leaves[index], other, size, path, root)
    assert other == index or not is_included(leaves[other], index, size, path, root)
    assert not is_included(leaves[index], index, size, path[:-1], root)
    assert not is_included(leaves[index], index, size, [*path, root], root)
    first = data.draw(st.integers(1, size - 1))
    steps = consistency_path(first, size, parts)
    begun = root_of(leaves[:first])
    assert not is_consistent(first, leaf_hash(b"another"), size, root, steps)
    assert not is_consistent(first, begun, size, leaf_hash(b"another"), steps)
    assert not is_consistent(first, begun, size, root, steps[:-1])
    assert not is_consistent(first, begun, size, root, [*steps, root])


def test_what_has_no_proof_is_refused() -> None:
    parts = subtrees(LEAVES)
    for index, size in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="no such leaf"):
            inclusion_path(index, size, parts)
        assert not is_included(LEAVES[0], index, size, [], LEAVES[0])
    with pytest.raises(ValueError, match="no such tree"):
        consistency_path(0, 8, parts)
    with pytest.raises(ValueError, match="as many peaks"):
        Tree(3, [LEAVES[0]])
    with pytest.raises(LookupError):
        Subtrees([], lambda _start, _end: [])(0, 2)
