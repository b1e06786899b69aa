use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// One, in the fractions that are kept.
const ALL: u32 = 1 << 16;
/// How much the last instance says of the next.
const WEIGHT: u32 = 8;

/// Whether the instances of a component tend to compute for long. Cheap to clone.
///
/// What an instance does before it yields for the first time cannot be taken from it: filling memory
/// is one instruction to the engine, however much it is. So what is expected to compute for long
/// begins where such things go on.
#[derive(Debug, Clone, Default)]
pub struct Habit(Arc<AtomicU32>);

impl Habit {
    /// An instance ended that computed for long, or did not.
    pub(super) fn note(&self, long: bool) {
        let now = if long { ALL / WEIGHT } else { 0 };
        // One that is lost between two threads does not matter.
        let before = self.0.load(Ordering::Relaxed);
        let share = before - before.div_ceil(WEIGHT) + now;
        self.0.store(share.min(ALL), Ordering::Relaxed);
    }

    /// More than a quarter of the last ones did.
    pub(super) fn is_long(&self) -> bool {
        self.0.load(Ordering::Relaxed) > ALL / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_learnt_in_a_few_instances_and_unlearnt() {
        let habit = Habit::default();
        assert!(!habit.is_long());
        let mut long = 0;
        while !habit.is_long() {
            habit.note(true);
            long += 1;
        }
        assert_eq!(long, 3);
        for _ in 0..100 {
            habit.note(true);
        }
        let mut short = 0;
        while habit.is_long() {
            habit.note(false);
            short += 1;
        }
        assert!(short <= 16, "{short}");
        for _ in 0..1000 {
            habit.note(false);
        }
        assert_eq!(habit.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn one_in_ten_is_no_habit() {
        let habit = Habit::default();
        for number in 0..1000 {
            habit.note(number % 10 == 0);
            assert!(!habit.is_long());
        }
    }
}
