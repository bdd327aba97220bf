use super::super::holder::Place;
use super::super::{LOOK, TICK};
use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn holder(space: Option<&str>) -> Holder {
    Holder {
        who: "alice".to_owned(),
        verb: "mesh apply".to_owned(),
        place: Place {
            node: "ci".to_owned(),
            space: space.map(str::to_owned),
        },
        process: Process {
            id: 7,
            started: Some(500),
        },
    }
}

fn lease(holder: &Holder, version: &str) -> Lease {
    let mut lease = signed(None, &holder.to_string(), at(0));
    lease.metadata.resource_version = Some(version.to_owned());
    lease
}

/// The other's clock is in none of these: what its `renewTime` says is never asked.
#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn a_holder_is_honoured_while_it_may_live() {
    let us = holder(Some("here"));
    let works = || Claim::Leave("alice with `weft mesh apply`".to_owned());
    let cases = [
        ("alive, here", Some("here"), Life::Runs, "1", 0, works()),
        (
            "alive, here, and silent",
            Some("here"),
            Life::Runs,
            "1",
            90,
            works(),
        ),
        ("dead, here", Some("here"), Life::Gone, "1", 0, Claim::Take),
        (
            "hidden, here",
            Some("here"),
            Life::Unseen,
            "1",
            0,
            Claim::Look,
        ),
        (
            "one of that number, elsewhere",
            Some("there"),
            Life::Gone,
            "1",
            0,
            Claim::Look,
        ),
        (
            "nobody of that number, elsewhere",
            Some("there"),
            Life::Runs,
            "1",
            29,
            Claim::Look,
        ),
        (
            "no sign for long",
            Some("there"),
            Life::Gone,
            "1",
            30,
            Claim::Take,
        ),
        (
            "a sign, elsewhere",
            Some("there"),
            Life::Gone,
            "2",
            8,
            works(),
        ),
        (
            "a sign at the last moment",
            Some("there"),
            Life::Gone,
            "2",
            30,
            works(),
        ),
        ("nobody knows where", None, Life::Gone, "1", 0, Claim::Look),
    ];
    for (what, space, life, version, later, wanted) in cases {
        let seen = Seen {
            version: Some("1".to_owned()),
            at: seconds(1000),
        };
        let lease = lease(&holder(space), version);
        let now = seconds(1000 + later);
        assert_eq!(claim(&lease, &us, |_| life, &seen, now), wanted, "{what}");
    }
}

#[test]
fn a_lease_of_somebody_else_is_honoured_in_its_own_words() {
    let us = holder(Some("here"));
    let seen = Seen {
        version: None,
        at: seconds(0),
    };
    let of = |holder: &str, lasts: i32, now| {
        let mut lease = signed(None, holder, at(0));
        lease.spec.as_mut().unwrap().lease_duration_seconds = Some(lasts);
        claim(&lease, &us, |_| Life::Gone, &seen, seconds(now))
    };
    assert_eq!(of("", 30, 0), Claim::Take);
    assert_eq!(of("kubectl", 30, 29), Claim::Look);
    assert_eq!(of("kubectl", 30, 30), Claim::Take);
    assert_eq!(of("kubectl", 3600, 30), Claim::Leave("kubectl".to_owned()));
    assert_eq!(
        claim(&Lease::default(), &us, |_| Life::Runs, &seen, seconds(0)),
        Claim::Take
    );
}

#[test]
fn a_holder_stops_before_others_may_take_its_place() {
    let cases = [
        (0, Next::Nothing),
        (9, Next::Nothing),
        (10, Next::Sign),
        (23, Next::Sign),
        (24, Next::Stop),
        (600, Next::Stop),
    ];
    for (later, wanted) in cases {
        assert_eq!(next(seconds(50), seconds(50 + later)), wanted, "{later} s");
    }
    assert!(GIVE_UP + TICK + LOOK < PATIENCE);
}

#[test]
fn a_sign_does_not_change_since_when() {
    let first = signed(None, "a", at(0));
    let second = signed(Some(first.clone()), "a", at(10));
    let acquired = |lease: &Lease| lease.spec.as_ref().unwrap().acquire_time.clone();
    assert_eq!(acquired(&first), acquired(&second));
    let taken = signed(Some(second), "b", at(20));
    assert_eq!(acquired(&taken), Some(MicroTime(at(20))));
}
