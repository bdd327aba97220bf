use super::*;

const NOW: Nanos = 1_000_000_000_000;
const KEY: Fingerprint = Fingerprint(1 << 104);
/// In the same place as [`KEY`], in a memory of one place.
const OTHER: Fingerprint = Fingerprint(2 << 104);

fn ask(tokens: u32, unused: u32) -> Recalled {
    Recalled::Nothing(Ask { tokens, unused })
}

fn leased(tokens: u32, life: Nanos) -> Leases {
    let mut leases = Leases::new(1);
    leases.granted(KEY, tokens, NOW, NOW.saturating_add(life));
    leases
}

#[test]
fn a_lease_serves_what_is_left_and_the_next_one_is_twice_as_large() {
    let mut leases = leased(3, 0);
    assert_eq!(leases.take(KEY, NOW), Recalled::Token);
    assert_eq!(leases.take(KEY, NOW + LIFE), Recalled::Token);
    assert_eq!(leases.take(KEY, NOW + LIFE), ask(6, 0));
    assert_eq!(leased(1, 0).take(KEY, NOW), ask(2, 0));
    let mut largest = leased(LARGEST, 0);
    while largest.take(KEY, NOW) == Recalled::Token {}
    assert_eq!(largest.take(KEY, NOW), ask(LARGEST, 0));
}

#[test]
fn a_lease_that_was_not_used_up_goes_back_and_the_next_one_is_smaller() {
    let table = [(0, 1, 4), (1, 2, 3), (3, 4, 1), (4, 5, 0)];
    for (uses, tokens, unused) in table {
        let mut leases = leased(5, 0);
        for _ in 0..uses {
            assert_eq!(leases.take(KEY, NOW), Recalled::Token);
        }
        let after = NOW + LIFE + 1;
        assert_eq!(leases.take(KEY, after), ask(tokens, unused), "{uses}");
    }
}

#[test]
fn a_lease_lives_as_long_as_its_bucket_is_not_full() {
    let mut leases = leased(5, 10 * LIFE);
    assert_eq!(leases.take(KEY, NOW + 10 * LIFE), Recalled::Token);
    assert_eq!(leases.take(KEY, NOW + 10 * LIFE + 1), ask(2, 3));
    assert_eq!(leases.take(KEY, NOW + 20 * LIFE), ask(2, 3));
    assert_eq!(leases.take(KEY, NOW + 20 * LIFE + 1), ask(1, 0), "dropped");
    assert_eq!(
        leases.take(KEY, NOW - 1),
        ask(1, 0),
        "the clock stepped back"
    );
}

#[test]
fn some_tokens_are_given_out_without_a_look_at_the_clock() {
    let mut leases = leased(LARGEST, 0);
    let blind = |leases: &mut Leases| (0..LARGEST).filter(|_| leases.take_blind(KEY)).count();
    let most = usize::try_from(BLIND).unwrap();
    assert_eq!(blind(&mut leases), most);
    assert_eq!(leases.take(KEY, NOW + LIFE), Recalled::Token);
    assert_eq!(blind(&mut leases), most, "after a look as many again");
    assert_eq!(leases.take(KEY, NOW + LIFE + 1), ask(16, 48));
    assert!(!leased(1, 0).take_blind(KEY), "nothing is left");
    assert!(!leased(5, 0).take_blind(OTHER));
    let mut refused = Leases::new(1);
    refused.refused(KEY, NOW, NOW + 100);
    assert!(!refused.take_blind(KEY));
}

#[test]
fn a_refusal_is_remembered_until_there_is_a_token() {
    let mut leases = Leases::new(1);
    leases.refused(KEY, NOW, NOW + 100);
    let refused = Recalled::Refused { until: NOW + 100 };
    assert_eq!(leases.take(KEY, NOW), refused);
    assert_eq!(leases.take(KEY, NOW + 99), refused);
    assert_eq!(leases.take(KEY, NOW + 100), ask(1, 0));
    assert_eq!(
        leases.take(KEY, NOW - 1),
        ask(1, 0),
        "the clock stepped back"
    );
}

#[test]
fn what_was_put_back_is_there_for_the_next_request() {
    let mut leases = leased(1, 0);
    leases.put_back(KEY);
    leases.put_back(OTHER);
    assert_eq!(leases.take(KEY, NOW), Recalled::Token);
    assert_eq!(leases.take(KEY, NOW), ask(2, 0));
}

#[test]
fn a_place_is_not_taken_from_a_key_that_has_use_for_it() {
    let mut leases = leased(2, 0);
    leases.granted(OTHER, 1, NOW, NOW);
    leases.refused(OTHER, NOW, NOW + 1);
    assert_eq!(leases.take(OTHER, NOW), ask(1, 0), "not remembered");
    assert_eq!(leases.take(KEY, NOW), Recalled::Token);
    leases.refused(OTHER, NOW, NOW + 1);
    assert_eq!(leases.take(KEY, NOW), ask(1, 0), "used up, so it made room");
    assert_eq!(
        leases.take(OTHER, NOW),
        Recalled::Refused { until: NOW + 1 }
    );
    leases.granted(KEY, 2, NOW + 1, NOW);
    assert_eq!(
        leases.take(KEY, NOW + 1),
        Recalled::Token,
        "the refusal was over"
    );
}

#[test]
fn places_do_not_grow() {
    assert_eq!(Leases::new(1).places.len(), 1);
    assert_eq!(Leases::new(usize::MAX).places.len(), PLACES);
    assert!(size_of::<Option<(Fingerprint, Memory)>>() <= 64);
}
