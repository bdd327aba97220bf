use std::num::NonZeroU32;
use std::time::Duration;

use super::*;

const NOW: Nanos = 1_000_000_000_000;
const SECOND: Nanos = 1_000_000_000;

/// One token a second.
fn limit(burst: u32) -> Limit {
    let burst = NonZeroU32::new(burst).unwrap();
    Limit::new(NonZeroU32::MIN, Duration::from_secs(1), burst)
}

/// A table of one set.
struct Table {
    shape: Shape,
    limit: Limit,
    page: Vec<u8>,
}

impl Table {
    fn new(burst: u32) -> Self {
        let shape = Shape::new(1);
        Self {
            shape,
            limit: limit(burst),
            page: shape.full_page(),
        }
    }

    fn ask(&mut self, key: u128, now: Nanos, tokens: u32, unused: u32) -> Answer {
        let ask = (now, Ask { tokens, unused });
        let (page, answer) = step(
            Some(&self.page),
            self.shape,
            &self.limit,
            Fingerprint(key),
            ask,
        );
        self.page = page.unwrap_or(std::mem::take(&mut self.page));
        answer
    }

    /// Takes tokens one by one until there is none; how many there were.
    fn drain(&mut self, key: u128, now: Nanos) -> u32 {
        let granted = |_: &u32| matches!(self.ask(key, now, 1, 0), Answer::Granted { .. });
        let none = (0..u32::MAX).take_while(granted).count();
        u32::try_from(none).unwrap()
    }
}

#[test]
fn a_bucket_starts_full_and_fills_at_the_rate() {
    let mut table = Table::new(3);
    assert_eq!(table.drain(1, NOW), 3);
    let empty = Answer::Empty {
        until: NOW + SECOND,
        crowded: false,
    };
    assert_eq!(table.ask(1, NOW, 1, 0), empty);
    assert_eq!(table.drain(1, NOW + SECOND - 1), 0);
    assert_eq!(table.drain(1, NOW + SECOND), 1);
    assert_eq!(table.drain(1, NOW + 3 * SECOND), 2);
    assert_eq!(table.drain(1, NOW + 100 * SECOND), 3);
}

#[test]
fn a_step_hands_out_a_sixteenth_of_what_is_there() {
    let table = [(16, 1), (17, 2), (32, 2), (100, 7), (1024, 64), (2000, 64)];
    for (burst, wanted) in table {
        let answer = Table::new(burst).ask(1, NOW, 64, 0);
        let granted = Answer::Granted {
            tokens: wanted,
            full_at: NOW + u64::from(wanted) * SECOND,
            crowded: false,
        };
        assert_eq!(answer, granted, "{burst}");
    }
}

#[test]
fn tokens_that_were_given_back_are_there_again() {
    let mut table = Table::new(100);
    assert!(matches!(
        table.ask(1, NOW, 7, 0),
        Answer::Granted { tokens: 7, .. }
    ));
    assert!(matches!(
        table.ask(1, NOW, 1, 6),
        Answer::Granted { tokens: 1, .. }
    ));
    assert_eq!(table.drain(1, NOW), 98);
}

#[test]
fn giving_back_never_fills_a_bucket_beyond_its_burst() {
    let mut table = Table::new(5);
    assert!(matches!(table.ask(1, NOW, 1, 1000), Answer::Granted { .. }));
    assert_eq!(table.drain(1, NOW), 4);
}

#[test]
fn four_keys_have_buckets_of_their_own_and_a_fifth_takes_over_the_fullest() {
    let mut table = Table::new(5);
    for (key, tokens) in [(1, 4), (2, 2), (3, 3), (4, 4)] {
        for _ in 0..tokens {
            assert!(matches!(
                table.ask(key, NOW, 1, 0),
                Answer::Granted { crowded: false, .. }
            ));
        }
    }
    assert!(matches!(
        table.ask(5, NOW, 1, 0),
        Answer::Granted { crowded: true, .. }
    ));
    assert_eq!(
        table.drain(5, NOW),
        2,
        "the second key had taken two of five"
    );
    assert_eq!(table.drain(2, NOW), 2, "and now shares with the third");
}

#[test]
fn a_bucket_that_is_full_again_is_free() {
    let mut table = Table::new(2);
    for key in 1..=4 {
        assert_eq!(table.drain(key, NOW), 2);
    }
    let later = NOW + 2 * SECOND;
    let granted = table.ask(5, later, 1, 0);
    assert!(matches!(granted, Answer::Granted { crowded: false, .. }));
}

#[test]
fn many_keys_in_turn_gain_nothing_by_evicting_one_another() {
    let mut table = Table::new(2);
    let admitted: u32 = (0..10)
        .map(|_| (1..=6).map(|key| table.drain(key, NOW)).sum::<u32>())
        .sum();
    assert_eq!(admitted, 8, "four buckets of two");
}

/// Key 1's tokens are leased to a worker that keeps them while key 1 loses its entry and takes over key 2's. Giving them back
/// then must not make key 2's bucket fuller than key 2 left it.
#[test]
fn giving_back_leaves_what_others_lack() {
    let mut table = Table::new(100);
    assert!(matches!(
        table.ask(1, NOW, 7, 0),
        Answer::Granted { tokens: 7, .. }
    ));
    for key in [2, 3, 4] {
        for _ in 0..10 + key {
            table.ask(key, NOW, 1, 0);
        }
    }
    for _ in 0..20 {
        table.ask(5, NOW, 1, 0);
    }
    table.ask(1, NOW, 1, 0);
    table.ask(1, NOW, 1, 6);
    let admitted = table.drain(2, NOW);
    assert!(12 + admitted <= 100, "{admitted} after the first 12");
}

#[test]
fn a_page_of_foreign_bytes_becomes_empty_buckets() {
    let mut table = Table::new(3);
    for bytes in [vec![], vec![7; 127], vec![7; 129]] {
        table.page = bytes;
        assert_eq!(table.ask(1, NOW, 1, 0), Answer::Unreadable);
        assert_eq!(table.drain(1, NOW), 0);
        assert_eq!(table.drain(1, NOW + 2 * SECOND), 2);
    }
}

#[test]
fn a_clock_that_stepped_back_empties_buckets_and_they_fill_at_the_rate() {
    let mut table = Table::new(3);
    assert_eq!(table.drain(1, NOW), 3);
    let back = NOW - 600 * SECOND;
    let empty = Answer::Empty {
        until: back + SECOND,
        crowded: false,
    };
    assert_eq!(table.ask(1, back, 1, 0), empty);
    assert_eq!(table.drain(1, back + SECOND), 1);
    assert_eq!(table.drain(1, back + 4 * SECOND), 3);
}

#[test]
fn tables_have_room_for_what_they_promise() {
    let table = [
        (1, 1, 4),
        (4, 1, 4),
        (5, 1, 8),
        (32, 1, 32),
        (33, 2, 64),
        (4096, 128, 4096),
        (1_048_576, 32_768, 1_048_576),
    ];
    for (keys, pages, room) in table {
        let shape = Shape::new(keys);
        assert_eq!((shape.pages(), shape.keys()), (pages, room), "{keys}");
    }
    let shape = Shape::new(4096);
    let place = shape.place(Fingerprint(u128::MAX));
    assert_eq!((place.page, place.set), (127, 7));
}
