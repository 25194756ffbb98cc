"""The hash tree over the sealed entries: its root, and proofs that somebody without our database can check. Pure.

Source: RFC 9162, sections 2.1.1 (hashes), 2.1.3 (inclusion) and 2.1.4 (consistency). Leaf number n - 1 is the entry with
seal number n; what is hashed are the entry's stored bytes, so that a leaf is the `content_hash` of its seal.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

BLOCK_LEVEL = 8
BLOCK = 1 << BLOCK_LEVEL
EMPTY_ROOT = hashlib.sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""The root over the leaves from a start (inclusive) to an end (exclusive)."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that only grows: its size and the roots of its whole subtrees, largest first; enough to go on and to tell the root."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError("as many peaks as the size has binary ones")
        self.size = size
        self.peaks = list(peaks)

    def add(self, leaves: Iterable[bytes]) -> list[bytes]:
        """Append leaf hashes and return the roots of the blocks of BLOCK leaves that they complete, in order."""
        sha256, peaks, size, blocks = hashlib.sha256, self.peaks, self.size, []
        for leaf in leaves:
            node, rest, level = leaf, size, 0
            while rest & 1:
                node = sha256(b"\x01" + peaks.pop() + node).digest()
                rest >>= 1
                level += 1
                if level == BLOCK_LEVEL:
                    blocks.append(node)
            peaks.append(node)
            size += 1
        self.size = size
        return blocks

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    tree = Tree()
    tree.add(leaves)
    return tree.root()


def split(size: int) -> int:
    """Return the largest power of two below `size`; size >= 2."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Prove that leaf `index` is in the tree of `size` leaves; 0 <= index < size. The hash nearest to the leaf comes first."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def consistency_path(first: int, size: int, subtree: Subtree) -> list[bytes]:
    """Prove that the tree of `first` leaves is the beginning of the one of `size`; 1 <= first <= size."""
    if not 1 <= first <= size:
        raise ValueError("no such tree")
    path, start, end, is_left_edge = [], 0, size, True
    while end != first:
        middle = start + split(end - start)
        if first <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, is_left_edge = middle, False
    if not is_left_edge:
        path.append(subtree(start, end))
    return path[::-1]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Check an inclusion proof (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(first: int, first_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Check a consistency proof (RFC 9162, 2.1.4.2)."""
    if first == size:
        return not path and first_root == root
    if not 1 <= first < size or not path:
        return False
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    place, last = first - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            newer = node_hash(newer, step)
        place, last = place >> 1, last >> 1
    return last == 0 and older == first_root and newer == root


class Subtrees:
    """Roots of parts of a tree, from the roots of its whole blocks and, where a block isn't enough, from its leaves.

    blocks: roots of the whole blocks from the start. leaves: gives the leaf hashes from a start to an end, at most BLOCK of them.
    """

    def __init__(self, blocks: Sequence[bytes], leaves: Callable[[int, int], Sequence[bytes]]) -> None:
        self._known = {(place << BLOCK_LEVEL, (place + 1) << BLOCK_LEVEL): root for place, root in enumerate(blocks)}
        self._leaves = leaves

    def __call__(self, start: int, end: int) -> bytes:
        found = self._known.get((start, end))
        if found is None:
            if end - start <= BLOCK and start >> BLOCK_LEVEL == (end - 1) >> BLOCK_LEVEL:
                found = self._inside(start, end)
            else:
                middle = start + split(end - start)
                found = node_hash(self(start, middle), self(middle, end))
            self._known[start, end] = found
        return found

    def _inside(self, start: int, end: int) -> bytes:
        leaves = self._leaves(start, end)
        if len(leaves) != end - start:
            raise LookupError(f"leaves {start} to {end} are not all there")
        return root_of(leaves)
