use std::collections::HashMap;
use std::hash::Hash;

/// A table that forgets what was not asked for in a while, so that it never holds more than `most`.
///
/// It is two halves: what is asked for moves into the young one, and when that is full the old one
/// goes. So an entry stays for at least as long as half of `most` others are asked for, and
/// forgetting costs nothing while somebody waits.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    half: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Default> Recent<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            half: (most / 2).max(1),
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// The value of `key`; the default when it is not remembered.
    pub(crate) fn entry(&mut self, key: K) -> &mut V {
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            let kept = self.old.remove(&key);
            self.old = std::mem::take(&mut self.young);
            return self.young.entry(key).or_insert(kept.unwrap_or_default());
        }
        let old = &mut self.old;
        match self.young.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let kept = old.remove(entry.key()).unwrap_or_default();
                entry.insert(kept)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut recent = Recent::<u32, u32>::new(8);
        *recent.entry(1_000) = 7;
        for other in 0..100 {
            *recent.entry(other) = 1;
            assert_eq!(*recent.entry(1_000), 7);
            assert!(recent.young.len() + recent.old.len() <= 8);
        }
        assert_eq!(*recent.entry(0), 0);
    }
}
