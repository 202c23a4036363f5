"""Merkle hashes are those of RFC 6962 (A-01): the published roots and hasher vectors, and the definition itself."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.audit import merkle

# transparency-dev/merkle, testonly/constants.go: the eight leaves, and the roots of the trees of the first 0 to 8.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
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
PREFIXES = "e3b0c442 6e340b9c fac54203 aeb6bcfe d37ee418 4e3bbb1f 76e67dad ddb89be4 5dc9da79".split()


def by_definition(leaves: list[bytes]) -> bytes:
    """Compute a root as RFC 6962 §2.1 words it: split at the largest power of two below n, recursively."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_nine_published_roots(size: int) -> None:
    root = merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]).hex()
    assert root == ROOTS[size] == by_definition(LEAVES[:size]).hex()
    assert root.startswith(PREFIXES[size])


def test_the_four_hasher_vectors() -> None:
    assert merkle.root([]).hex() == ROOTS[0]
    assert merkle.leaf_hash(b"").hex() == ROOTS[1]
    leaf = merkle.leaf_hash(b"L123456").hex()
    assert leaf == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    node = merkle.node_hash(b"N123", b"N456").hex()
    assert node == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert (leaf[:8], leaf[-4:], node[:8], node[-4:]) == ("395aa064", "4d56", "aa217fe8", "6bbb")


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_pairing_level_by_level_is_the_tree_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in leaves]) == by_definition(leaves)


@pytest.mark.parametrize("size", [127, 128, 129, 255, 256, 257, 1000])
def test_sizes_around_powers_of_two(size: int) -> None:
    leaves = [number.to_bytes(4, "big") for number in range(size)]
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in leaves]) == by_definition(leaves)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_any_changed_swapped_or_missing_leaf_changes_the_root(hashes: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(hashes) - 1))
    changed = [*hashes[:at], sha256(hashes[at]).digest(), *hashes[at + 1 :]]
    assert merkle.root(changed) != merkle.root(hashes)
    assert merkle.root(hashes[:at] + hashes[at + 1 :]) != merkle.root(hashes)
    if hashes[::-1] != hashes:
        assert merkle.root(hashes[::-1]) != merkle.root(hashes)


def test_the_root_leaves_its_input_alone() -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    before = list(hashes)
    merkle.root(hashes)
    assert hashes == before


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20))
def test_hashes_come_back_from_how_they_are_stored(hashes: list[bytes]) -> None:
    assert merkle.split(merkle.join(hashes)) == hashes


@pytest.mark.parametrize("length", [1, 31, 33, 63])
def test_a_part_of_a_hash_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes"):
        merkle.split(b"x" * length)
