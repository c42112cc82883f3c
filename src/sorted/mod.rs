//! Sorted maps, sets and sequences that are little to compile.
//!
//! The standard library's are made for any size, and are compiled again for each type: 2,000 to 6,000 lines of LLVM code for a
//! `BTreeMap`, 2,000 for a sort. With 50 types of maps and 40 sorts that was a fifth of all that was compiled. Here what does the
//! work is compiled once, for positions in place of values.

#[cfg(feature = "cli")]
mod json;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Index;

/// A map in a sorted vector. Looking up takes O(log n) comparisons; inserting anywhere but at the end moves what follows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Map<K, V> {
    pairs: Vec<(K, V)>,
}

/// The place of a key in a map.
pub struct Entry<'m, K, V> {
    map: &'m mut Map<K, V>,
    at: Result<usize, (usize, K)>,
}

impl<K: Ord, V> Map<K, V> {
    /// An empty map.
    pub const fn new() -> Map<K, V> {
        Map { pairs: Vec::new() }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether it has no key.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether it has this key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.search(key).is_ok()
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The key as it is in the map, and its value.
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.search(key).ok().map(|at| pair(&self.pairs[at]))
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.search(key).ok().map(|at| &mut self.pairs[at].1)
    }

    /// Sets the value of a key, and returns the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.search(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.pairs[at].1, value)),
            Err(at) => {
                self.pairs.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes a key, and returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.search(key).ok().map(|at| self.pairs.remove(at).1)
    }

    /// The place of a key, which may have no value yet.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let at = self.search(&key).map_err(|at| (at, key));
        Entry { map: self, at }
    }

    /// Keeps the pairs for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.pairs.retain_mut(|(key, value)| keep(key, value));
    }

    /// All pairs, by key.
    pub fn iter(&self) -> Pairs<'_, K, V> {
        self.into_iter()
    }

    /// The pairs whose keys are at most `key`.
    pub fn up_to(&self, key: &K) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let end = self.search(key).map_or_else(|at| at, |at| at + 1);
        self.pairs[..end].iter().map(pair)
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.pairs.iter().map(|(key, _)| key)
    }

    /// The values, by key.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.pairs.iter().map(|(_, value)| value)
    }

    /// The values, by key, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.pairs.iter_mut().map(|(_, value)| value)
    }

    /// The values, by key.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.pairs.into_iter().map(|(_, value)| value)
    }

    fn search<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        search(self.pairs.len(), &mut |at| self.pairs[at].0.borrow().cmp(key))
    }
}

impl<'m, K: Ord, V> Entry<'m, K, V> {
    /// Changes the value, if there is one.
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Entry<'m, K, V> {
        if let Ok(at) = self.at {
            change(&mut self.map.pairs[at].1);
        }
        self
    }

    /// The value, which is made if there is none.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'m mut V {
        let at = match self.at {
            Ok(at) => at,
            Err((at, key)) => {
                self.map.pairs.insert(at, (key, make()));
                at
            }
        };
        &mut self.map.pairs[at].1
    }

    /// The value, which is `value` if there is none.
    pub fn or_insert(self, value: V) -> &'m mut V {
        self.or_insert_with(|| value)
    }

    /// The value, which is the default if there is none.
    pub fn or_default(self) -> &'m mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

impl<K: Ord, V> Default for Map<K, V> {
    fn default() -> Map<K, V> {
        Map::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Borrow<Q> + Ord, Q: Ord + ?Sized, V> Index<&Q> for Map<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the map has the key")
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    /// Of several values of a key the last.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Map<K, V> {
        let mut pairs: Vec<(K, V)> = pairs.into_iter().collect();
        sort_by(&mut pairs, |a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        Map { pairs }
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.into_iter()
    }
}

impl<'m, K, V> IntoIterator for &'m Map<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = Pairs<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.iter().map(pair)
    }
}

/// The pairs of a map, by key.
pub type Pairs<'m, K, V> = std::iter::Map<std::slice::Iter<'m, (K, V)>, fn(&(K, V)) -> (&K, &V)>;

fn pair<K, V>((key, value): &(K, V)) -> (&K, &V) {
    (key, value)
}

/// A set in a sorted vector.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set<T> {
    items: Vec<T>,
}

impl<T: Ord> Set<T> {
    /// An empty set.
    pub const fn new() -> Set<T> {
        Set { items: Vec::new() }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether this is a member.
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.search(item).is_ok()
    }

    /// Makes this a member, and returns whether it was none.
    pub fn insert(&mut self, item: T) -> bool {
        let at = self.search(&item);
        if let Err(at) = at {
            self.items.insert(at, item);
        }
        at.is_err()
    }

    /// Removes a member, and returns whether it was one.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.search(item).map(|at| self.items.remove(at)).is_ok()
    }

    /// Keeps the members for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.items.retain(keep);
    }

    /// The members, sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    fn search<Q: Ord + ?Sized>(&self, item: &Q) -> Result<usize, usize>
    where
        T: Borrow<Q>,
    {
        search(self.items.len(), &mut |at| self.items[at].borrow().cmp(item))
    }
}

impl<T: Ord> Default for Set<T> {
    fn default() -> Set<T> {
        Set::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.items).finish()
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Set<T> {
        let mut items: Vec<T> = items.into_iter().collect();
        sort(&mut items);
        items.dedup();
        Set { items }
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<'s, T: Ord + Copy + 's> Extend<&'s T> for Set<T> {
    fn extend<I: IntoIterator<Item = &'s T>>(&mut self, items: I) {
        self.extend(items.into_iter().copied());
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'s, T> IntoIterator for &'s Set<T> {
    type Item = &'s T;
    type IntoIter = std::slice::Iter<'s, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// Sorts; equal items keep their order.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts by a key; items with equal keys keep their order.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// Sorts by a comparison; items that compare equal keep their order.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let swaps = swaps(items.len(), &mut |a, b| compare(&items[a], &items[b]));
    for (a, b) in swaps {
        items.swap(a, b);
    }
}

/// The swaps that sort `len` items, in order.
fn swaps(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<(usize, usize)> {
    let mut from: Vec<usize> = (0..len).collect();
    from.sort_by(|a, b| compare(*a, *b));
    let mut swaps = Vec::new();
    for start in 0..len {
        // Each position gets its item from the next of its cycle; the item of the first is then at the last.
        let mut to = start;
        while from[to] != start {
            swaps.push((to, from[to]));
            to = std::mem::replace(&mut from[to], to);
        }
        from[to] = to;
    }
    swaps
}

/// Where among `len` sorted items the one is to which `compare` says equal, or where it would have to be.
fn search(len: usize, compare: &mut dyn FnMut(usize) -> Ordering) -> Result<usize, usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low.midpoint(high);
        match compare(middle) {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return Ok(middle),
            Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

#[cfg(test)]
mod tests {
    use super::{Map, Set, sort_by_key};
    use proptest::prelude::{any, proptest};
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        #[test]
        fn a_map_holds_what_the_librarys_holds(pairs: Vec<(u8, u32)>, removed: Vec<u8>, last in any::<u8>()) {
            let mut one_by_one = Map::new();
            let mut librarys = BTreeMap::new();
            for (key, value) in &pairs {
                assert_eq!(one_by_one.insert(*key, *value), librarys.insert(*key, *value));
            }
            assert_eq!(one_by_one, pairs.iter().copied().collect());
            for key in &removed {
                assert_eq!(one_by_one.get(key), librarys.get(key));
                assert_eq!(one_by_one.remove(key), librarys.remove(key));
            }
            for (key, value) in &pairs {
                *one_by_one.entry(*key).and_modify(|sum| *sum ^= value).or_default() ^= 1;
                *librarys.entry(*key).and_modify(|sum| *sum ^= value).or_default() ^= 1;
            }
            assert!(one_by_one.iter().eq(librarys.iter()));
            assert!(one_by_one.up_to(&last).eq(librarys.range(..=last)));
        }

        #[test]
        fn a_set_holds_what_the_librarys_holds(items: Vec<u8>, removed: Vec<u8>) {
            let mut one_by_one = Set::new();
            let mut librarys = BTreeSet::new();
            for item in &items {
                assert_eq!(one_by_one.insert(*item), librarys.insert(*item));
            }
            assert_eq!(one_by_one, items.into_iter().collect());
            for item in &removed {
                assert_eq!(one_by_one.contains(item), librarys.contains(item));
                assert_eq!(one_by_one.remove(item), librarys.remove(item));
            }
            assert!(one_by_one.iter().eq(librarys.iter()));
        }

        #[test]
        fn sorting_is_stable(items: Vec<(u8, u32)>) {
            let (mut ours, mut librarys) = (items.clone(), items);
            sort_by_key(&mut ours, |(key, _)| *key);
            librarys.sort_by_key(|(key, _)| *key);
            assert_eq!(ours, librarys);
        }
    }
}
