//! The Merkle tree of a checkpoint: the tree of RFC 9162 section 2.1. Pure arithmetic over leaf
//! hashes.

use sha2::{Digest, Sha256};

use crate::hash::Hash;
use crate::limits::INCLUSION_PATH_MAX;

/// The hash of a leaf.
pub fn leaf(data: &[u8]) -> Hash {
    let mut sha = Sha256::new();
    sha.update([0]);
    sha.update(data);
    Hash(sha.finalize().into())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut sha = Sha256::new();
    sha.update([1]);
    sha.update(left.0);
    sha.update(right.0);
    Hash(sha.finalize().into())
}

/// The root over at least one leaf, with the inclusion path of each leaf (bottom first).
pub fn tree(leaves: &[Hash]) -> (Hash, Vec<Vec<Hash>>) {
    let mut paths = vec![Vec::new(); leaves.len()];
    let root = subtree(leaves, &mut paths);
    (root, paths)
}

fn subtree(leaves: &[Hash], paths: &mut [Vec<Hash>]) -> Hash {
    match leaves {
        [] => Hash(Sha256::digest([]).into()),
        [only] => *only,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left_paths, right_paths) = paths.split_at_mut(split);
            let left = subtree(&leaves[..split], left_paths);
            let right = subtree(&leaves[split..], right_paths);
            left_paths.iter_mut().for_each(|path| path.push(right));
            right_paths.iter_mut().for_each(|path| path.push(left));
            node(&left, &right)
        }
    }
}

/// The root that a leaf and its path lead to in a tree of `size` leaves (RFC 9162 section 2.1.3.2);
/// `None` where index, size and the path's length do not fit.
pub fn root_from(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size || path.len() > INCLUSION_PATH_MAX {
        return None;
    }
    let (mut at, mut last, mut root) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            root = node(sibling, &root);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            root = node(&root, sibling);
        }
        at /= 2;
        last /= 2;
    }
    (last == 0).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_leads_to_the_root_and_nothing_else_does() {
        for size in 1..=70_u64 {
            let leaves: Vec<Hash> = (0..size).map(|i| leaf(&i.to_be_bytes())).collect();
            let (root, paths) = tree(&leaves);
            for (i, path) in paths.iter().enumerate() {
                let index = i as u64;
                assert_eq!(root_from(leaves[i], index, size, path), Some(root));
                assert_ne!(root_from(leaf(b"other"), index, size, path), Some(root));
                assert_eq!(root_from(leaves[i], size, size, path), None);
                if size > 1 {
                    assert_ne!(root_from(leaves[i], (index + 1) % size, size, path), Some(root));
                    assert_ne!(root_from(leaves[i], index, size, &path[1..]), Some(root));
                }
            }
        }
    }

    #[test]
    fn the_tree_is_that_of_rfc_9162() {
        // The seven-leaf tree of RFC 9162 section 2.1.5, spelled out.
        let d: Vec<Hash> = (0..7_u8).map(|i| leaf(&[i])).collect();
        let (g, h, i) = (node(&d[0], &d[1]), node(&d[2], &d[3]), node(&d[4], &d[5]));
        let (k, l) = (node(&g, &h), node(&i, &d[6]));
        let (root, paths) = tree(&d);
        assert_eq!(root, node(&k, &l));
        assert_eq!(paths[0], vec![d[1], h, l]);
        assert_eq!(paths[6], vec![i, k]);
    }
}
