//! The order in which Kubernetes' emitter writes keys: that of a reader, in which `a9` comes before `a10`.

use std::cmp::Ordering;

/// The order of keys: other signs before letters, and numbers within by their value.
pub(crate) fn natural(one: &str, other: &str) -> Ordering {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let differs = one.iter().zip(&other).position(|(one, other)| one != other);
    let Some(at) = differs else {
        return one.len().cmp(&other.len());
    };
    let (Some(&left), Some(&right)) = (one.get(at), other.get(at)) else {
        return Ordering::Equal;
    };
    match (left.is_alphabetic(), right.is_alphabetic()) {
        (true, true) => return left.cmp(&right),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let inside = (left == '0' || right == '0') && inside_number(&one, at);
    let start = i64::from(inside);
    let (left_value, left_digits) = digits(&one, at, start);
    let (right_value, right_digits) = digits(&other, at, start);
    left_value
        .cmp(&right_value)
        .then(left_digits.cmp(&right_digits))
        .then(left.cmp(&right))
}

/// Whether the digits before continue a number that did not start with zeros only.
fn inside_number(text: &[char], at: usize) -> bool {
    let before = text.iter().take(at).rev();
    before
        .take_while(|character| character.is_numeric())
        .any(|digit| *digit != '0')
}

fn digits(text: &[char], at: usize, start: i64) -> (i64, usize) {
    let run = text
        .iter()
        .skip(at)
        .take_while(|character| character.is_numeric());
    run.fold((start, 0), |(value, count), digit| {
        let digit = i64::from(u32::from(*digit)).wrapping_sub(i64::from(u32::from('0')));
        (
            value.wrapping_mul(10).wrapping_add(digit),
            count.saturating_add(1),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["b", "a10", "a9", "A", "_x", "1", "", "a-b", "a/b", "a01"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(
            names,
            ["", "_x", "1", "A", "a-b", "a/b", "a01", "a9", "a10", "b"]
        );
    }

    proptest! {
        #[test]
        fn equal_is_only_what_is_the_same(one in "[ab01_]{0,4}", other in "[ab01_]{0,4}") {
            prop_assert_eq!(natural(&one, &other).is_eq(), one == other);
            prop_assert_eq!(natural(&one, &other), natural(&other, &one).reverse());
        }
    }
}
