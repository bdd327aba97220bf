//! Kubernetes' notation of amounts: `100m`, `1.5`, `2Gi`, `1e3`.

/// In thousandths; nothing for a text that is no amount.
pub(crate) fn millis(text: &str) -> Option<i128> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    if !number.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let factor = factor(suffix)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{part:0<6}");
    let part: i128 = digits.get(..6)?.parse().ok()?;
    let negative = whole.starts_with('-');
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let part = if negative { part.checked_neg()? } else { part };
    // Millionths of a thing, times the factor in thousandths of it.
    whole
        .checked_mul(1_000_000)?
        .checked_add(part)?
        .checked_mul(factor)?
        .checked_div(1_000_000)
}

/// What a suffix stands for, in thousandths.
fn factor(suffix: &str) -> Option<i128> {
    if let Some(power) = suffix
        .strip_prefix(['e', 'E'])
        .filter(|power| !power.is_empty())
    {
        let power: u32 = power.parse().ok()?;
        return 10_i128.checked_pow(power)?.checked_mul(1000);
    }
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let decimal = ["k", "M", "G", "T", "P", "E"];
    let power = |suffixes: &[&str]| {
        let at = suffixes.iter().position(|known| *known == suffix)?;
        u32::try_from(at).ok()?.checked_add(1)
    };
    match suffix {
        "" => Some(1000),
        "m" => Some(1),
        _ => match (power(&binary), power(&decimal)) {
            (Some(power), _) => 1024_i128.checked_pow(power)?.checked_mul(1000),
            (None, Some(power)) => 1000_i128.checked_pow(power)?.checked_mul(1000),
            (None, None) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, wanted) in [
            ("0", 0),
            ("1", 1000),
            ("100m", 100),
            ("1.5", 1500),
            (".5", 500),
            ("0.1", 100),
            ("2k", 2_000_000),
            ("1Ki", 1_024_000),
            ("2Gi", 2 * 1024 * 1024 * 1024 * 1000),
            ("1.5Gi", 3 * 512 * 1024 * 1024 * 1000),
            ("1e3", 1_000_000),
            ("1E", 1_000_000_000_000_000_000_000),
            ("-1.5", -1500),
        ] {
            assert_eq!(millis(text), Some(wanted), "{text}");
        }
        for wrong in ["", "x", "1x", "1.2.3", "1 Gi", "e3", "1e-3"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }
}
