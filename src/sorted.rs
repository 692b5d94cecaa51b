//! Sorting, and sorted maps and sets, with one sorting routine in the program: std's `sort` and `collect` bring one of 4 kB for
//! each type.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// As the slice's own `sort`.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// As the slice's own `sort_by_key`.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// As the slice's own `sort_by`: stable.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    for place in 0..items.len() {
        // What belongs here may have been moved to make room for one before.
        let mut from = order[place];
        while from < place {
            from = order[from];
        }
        items.swap(place, from);
    }
}

/// Which item belongs at each place.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

/// A map of these; of one key the last counts.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

/// A set of these.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_is_sorted_as_std_does_it(items: Vec<(u8, u16)>) {
            let (mut ours, mut stds) = (items.clone(), items.clone());
            sort(&mut ours);
            stds.sort_unstable();
            prop_assert_eq!(&ours, &stds);
            let (mut ours, mut stds) = (items.clone(), items.clone());
            sort_by_key(&mut ours, |item| item.0);
            stds.sort_by_key(|item| item.0);
            prop_assert_eq!(&ours, &stds, "stable");
            prop_assert_eq!(map(items.clone()), items.iter().copied().collect::<BTreeMap<_, _>>());
            prop_assert_eq!(set(items.clone()), items.into_iter().collect::<BTreeSet<_>>());
        }
    }
}
