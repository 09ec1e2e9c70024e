"""The tree against RFC 6962's own numbers, against libraries we did not write, and against every pair of sizes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InclusionProof, InmemoryTree
from pymerkle.core import _inclusion_path_layout
from tamperlog import merkle as tamperlog
from tamperlog.errors import ProofError

from governance.audit.checking.tree import edge_of, fold, is_consistent, leaf_hash, levels_of, root_from_inclusion
from governance.audit.merkle import Nodes, consistency_proof, grow, inclusion_proof, root_of

# The inputs and roots of the certificate-transparency project's reference tests for RFC 6962.
INPUTS = [
    bytes.fromhex(text)
    for text in "||00|10|2021|3031|40414243|5051525354555657|606162636465666768696a6b6c6d6e6f".split("|")[1:]
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 700  # crosses two tiles
LEAVES = [leaf_hash(str(number).encode()) for number in range(MOST)]
LEVELS = levels_of(LEAVES)
TREE = InmemoryTree(algorithm="sha256")
for _number in range(MOST):
    TREE.append_entry(str(_number).encode())


def _nodes(leaves: list[bytes]) -> Nodes:
    levels = levels_of(leaves)
    return lambda height, index: levels[height][index]


NODES = _nodes(LEAVES)
SIZES = st.integers(1, MOST)


def _root(size: int) -> bytes:
    return fold(edge_of(LEVELS, size))


def _naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hashlib.sha256(b"\x01" + _naive_root(leaves[:middle]) + _naive_root(leaves[middle:])).digest()


def _subproof(old: int, leaves: list[bytes], *, is_whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, as it is written there."""
    if old == len(leaves):
        return [] if is_whole else [_naive_root(leaves)]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if old <= middle:
        return [*_subproof(old, leaves[:middle], is_whole=is_whole), _naive_root(leaves[middle:])]
    return [*_subproof(old - middle, leaves[middle:], is_whole=False), _naive_root(leaves[:middle])]


@pytest.mark.parametrize("size", range(9))
def test_it_gives_the_roots_of_the_reference_tests(size: int) -> None:
    leaves = [leaf_hash(each) for each in INPUTS[:size]]

    assert fold(edge_of(levels_of(leaves), size) if leaves else []).hex() == ROOTS[size]


def test_it_gives_the_paths_of_the_reference_tests() -> None:
    nodes = _nodes([leaf_hash(each) for each in INPUTS])

    assert [step.hex() for step in inclusion_proof(5, size=8, nodes=nodes)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [step.hex() for step in consistency_proof(6, new=8, nodes=nodes)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 512, 513, 700])
def test_its_roots_are_those_of_the_definition_and_of_an_independent_library(size: int) -> None:
    assert _root(size) == _naive_root(LEAVES[:size]) == TREE.get_root(size) == root_of(size, nodes=NODES)


@given(SIZES, st.data())
def test_an_independent_library_accepts_every_inclusion_proof(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(index, size=size, nodes=NODES)

    rule, _ = _inclusion_path_layout(index + 1, size)
    theirs = InclusionProof("sha256", True, size, index + 1, rule, [LEAVES[index], *path])
    theirs.verify(LEAVES[index], _root(size), index=index + 1, size=size)
    tamperlog.verify_inclusion(index, size, LEAVES[index], path, _root(size))
    assert root_from_inclusion(LEAVES[index], index=index, size=size, proof=path) == _root(size)


@given(SIZES, SIZES)
def test_a_consistency_proof_is_the_defined_one_and_independent_libraries_accept_it(first: int, second: int) -> None:
    old, new = sorted((first, second))
    path = consistency_proof(old, new=new, nodes=NODES)

    assert is_consistent((old, _root(old)), (new, _root(new)), path)
    tamperlog.verify_consistency(old, _root(old), new, _root(new), path)
    # This library's proof has another form (it splits further), so that it can only be asked about the roots.
    TREE.prove_consistency(old, new).verify(_root(old), _root(new), prior_size=old, later_size=new)
    assert path == _subproof(old, LEAVES[:new], is_whole=True)


@given(SIZES, SIZES, st.data())
def test_a_proof_with_anything_changed_is_refused(first: int, second: int, data: st.DataObject) -> None:
    old, new = sorted((first, second))
    path = consistency_proof(old, new=new, nodes=NODES)
    index = data.draw(st.integers(0, new - 1))
    inclusion = inclusion_proof(index, size=new, nodes=NODES)
    other = hashlib.sha256(b"other").digest()

    assert not is_consistent((old, other), (new, _root(new)), path)
    assert not is_consistent((old, _root(old)), (new, other), path)
    for prior, later in ((other, _root(new)), (_root(old), other)):
        with pytest.raises(ProofError):  # the library refuses as we do
            tamperlog.verify_consistency(old, prior, new, later, path)
    assert not is_consistent((old, _root(old)), (new, _root(new)), [*path, other])
    for position in range(len(path)):
        assert not is_consistent((old, _root(old)), (new, _root(new)), path[:position] + path[position + 1 :])
        changed = [*path[:position], other, *path[position + 1 :]]
        assert not is_consistent((old, _root(old)), (new, _root(new)), changed)
    assert root_from_inclusion(other, index=index, size=new, proof=inclusion) != _root(new)
    assert root_from_inclusion(LEAVES[index], index=index, size=new, proof=[*inclusion, other]) is None
    if inclusion:
        assert root_from_inclusion(LEAVES[index], index=index, size=new, proof=inclusion[:-1]) is None


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_a_tree_grown_in_batches_is_the_tree_grown_at_once(batches: list[int]) -> None:
    size, edge, tiles = 0, [], []

    for batch in batches:
        batch = min(batch, MOST - size)
        grown = grow(size, edge, begun=LEAVES[size - size % 256 : size], leaves=LEAVES[size : size + batch])
        size, edge = grown.size, grown.edge
        tiles += grown.tiles
        assert grown.root == _root(size)
        assert edge == edge_of(LEVELS, size)

    assert [tile.number for tile in tiles] == list(range(size // 256))
    for tile in tiles:
        mine = LEAVES[tile.number * 256 : (tile.number + 1) * 256]
        assert tile.hashes == b"".join(mine)
        assert tile.root == _naive_root(mine)


def test_what_no_tree_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion_proof(3, size=3, nodes=NODES)
    with pytest.raises(ValueError, match="grows"):
        consistency_proof(4, new=3, nodes=NODES)
    assert root_from_inclusion(LEAVES[0], index=5, size=3, proof=[]) is None
    assert not is_consistent((4, _root(4)), (3, _root(3)), [])
    assert is_consistent((0, fold([])), (3, _root(3)), [])
    assert not is_consistent((0, _root(1)), (3, _root(3)), [])
    assert not is_consistent((2, _root(2)), (3, _root(3)), [])
