//! Kubernetes' notation of amounts, `resource.Quantity`: `100m`, `1.5`, `2Gi`, `1e3`, `12n`. Whoever reads or compares amounts asks
//! here.
//!
//! Kubernetes rounds what is finer than a billionth up and cuts what is greater than it can hold; here neither is an amount, so that
//! no two different ones are ever the same.

/// How many billionths a whole is.
const WHOLE: i128 = 1_000_000_000;
/// Powers of 1024.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Powers of 1000, from a billionth on.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/// In billionths; nothing for a text that is no amount.
pub(crate) fn billionths(text: &str) -> Option<i128> {
    let (sign, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) if text.starts_with('-') => (-1, rest),
        Some(rest) => (1, rest),
        None => (1, text),
    };
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let [worth, parts] = worth(suffix)?;
    let parts = parts.checked_mul(power(10, fraction.len())?)?;
    // Cancelled first, or what fits in the end would overflow on the way.
    let common = divisor(worth, parts);
    let (worth, parts) = (worth.checked_div(common)?, parts.checked_div(common)?);
    let all = digits.checked_mul(worth)?.checked_mul(sign)?;
    (all.checked_rem(parts)? == 0)
        .then(|| all.checked_div(parts))
        .flatten()
}

/// The same of what is none below nought; nothing also for what is.
pub(crate) fn unsigned(text: &str) -> Option<u128> {
    u128::try_from(billionths(text)?).ok()
}

/// How many billionths a suffix stands for, as the two sides of a fraction.
fn worth(suffix: &str) -> Option<[i128; 2]> {
    if let Some(place) = DECIMAL.iter().position(|known| *known == suffix) {
        return Some([power(1000, place)?, 1]);
    }
    if let Some(place) = BINARY.iter().position(|known| *known == suffix) {
        return Some([power(1024, place.checked_add(1)?)?.checked_mul(WHOLE)?, 1]);
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let ten = power(10, usize::try_from(exponent.unsigned_abs()).ok()?)?;
    Some(if exponent < 0 {
        [WHOLE, ten]
    } else {
        [WHOLE.checked_mul(ten)?, 1]
    })
}

/// The greatest that divides both, which are above nought (Euclid).
fn divisor(one: i128, other: i128) -> i128 {
    match one.checked_rem(other) {
        Some(0) | None => other,
        Some(rest) => divisor(other, rest),
    }
}

fn power(base: i128, exponent: usize) -> Option<i128> {
    base.checked_pow(u32::try_from(exponent).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The grammar as Kubernetes documents it.
    const GRAMMAR: &str =
        r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$";

    #[test]
    fn amounts() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("1", Some(WHOLE)),
            ("+1", Some(WHOLE)),
            ("1.", Some(WHOLE)),
            (".5", Some(WHOLE / 2)),
            ("100m", Some(100_000_000)),
            ("12u", Some(12_000)),
            ("12n", Some(12)),
            ("1.5u", Some(1500)),
            ("2k", Some(2000 * WHOLE)),
            ("1.5Gi", Some(3 * 512 * 1024 * 1024 * WHOLE)),
            ("1e3", Some(1000 * WHOLE)),
            ("1E-3", Some(1_000_000)),
            ("1e+2", Some(100 * WHOLE)),
            ("1E", Some(1_000_000_000_000_000_000 * WHOLE)),
            ("-1.5", Some(-3 * WHOLE / 2)),
            (
                "0.10000000000000000000000000000000000000000000",
                Some(WHOLE / 10),
            ),
            (
                "200000000.001E",
                Some(200_000_000_001_000_000_000_000_000 * WHOLE),
            ),
            // Finer, or greater, than can be told apart.
            ("1.5n", None),
            ("1e-10", None),
            ("99999999999999999999999999999999999999E", None),
            ("1e99999999999", None),
        ] {
            assert_eq!(billionths(text), wanted, "{text:?}");
        }
        for wrong in [
            "", ".", "-", "m", "x", "1x", "1.2.3", "1 Gi", "e3", "1e", "1e1.5", "1MB", "1mi", "1K",
            "1ki", "--1", "1-", "1+2", "１",
        ] {
            assert_eq!(billionths(wrong), None, "{wrong:?}");
        }
        assert_eq!((unsigned("-1"), unsigned("1n")), (None, Some(1)));
    }

    proptest! {
        /// A unit is a thousand, or 1024, of the one before; an exponent says the same; and a sign turns it.
        #[test]
        fn notations_of_one_amount_are_the_same(number in 0_u32.., at in 1_usize..6, zeros in "0{0,40}") {
            let of = |text: String| billionths(&text).unwrap();
            prop_assert_eq!(of(format!("{number}{}", BINARY[at])), 1024 * of(format!("{number}{}", BINARY[at - 1])));
            for pair in DECIMAL.windows(2) {
                prop_assert_eq!(of(format!("{number}{}", pair[1])), 1000 * of(format!("{number}{}", pair[0])));
            }
            for (place, suffix) in DECIMAL.iter().enumerate() {
                let exponent = 3 * (i32::try_from(place).unwrap() - 3);
                prop_assert_eq!(of(format!("{number}{suffix}")), of(format!("{number}e{exponent}")));
            }
            let plain = of(format!("{number}"));
            prop_assert_eq!(of(format!("-{number}")), -plain);
            prop_assert_eq!(of(format!("{zeros}{number}.{zeros}")), plain);
        }

        /// Whatever is read is in the grammar, and what of the grammar is not too fine is read.
        #[test]
        fn the_grammar_is_read_and_nothing_else(any in "[-+.0-9eEnumkKMGTPi]{0,8}", fine in "[+-]?[0-9]{1,9}(\\.[0-9]{0,3})?([mkMGTPE]|[KMGTPE]i|e[0-9])?") {
            let grammar = jsonschema::validator_for(&serde_json::json!({"pattern": GRAMMAR})).unwrap();
            if billionths(&any).is_some() {
                prop_assert!(grammar.is_valid(&any.clone().into()), "{}", any);
            }
            prop_assert!(grammar.is_valid(&fine.clone().into()), "{}", fine);
            prop_assert!(billionths(&fine).is_some(), "{}", fine);
        }

        #[test]
        fn no_text_is_a_panic(text in ".*") {
            let read = billionths(&text);
            prop_assert!(read.is_none() || text.bytes().any(|byte| byte.is_ascii_digit()));
        }
    }
}
