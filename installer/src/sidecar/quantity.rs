//! Quantities of CPU and memory as Kubernetes writes them, compared exactly.

/// A quantity in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(u128);

/// The suffixes, and how many thousandths each is.
const UNITS: [(&str, u128); 14] = [
    ("Ki", 1_024_000),
    ("Mi", 1_048_576_000),
    ("Gi", 1_073_741_824_000),
    ("Ti", 1_099_511_627_776_000),
    ("Pi", 1_125_899_906_842_624_000),
    ("Ei", 1_152_921_504_606_846_976_000),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
    ("", 1000),
];

impl Quantity {
    /// `100m`, `0.5`, `128Mi`; nothing for what is none, is negative, or is finer than a thousandth.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, unit) = UNITS
            .iter()
            .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let given = !(whole.is_empty() && fraction.is_empty());
        if !given || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let digits: u128 = format!("0{whole}{fraction}").parse().ok()?;
        let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let scaled = digits.checked_mul(unit)?;
        (scaled.checked_rem(scale)? == 0)
            .then(|| scaled.checked_div(scale))
            .flatten()
            .map(Self)
    }

    /// How many thousandths it is.
    pub(crate) fn thousandths(self) -> u128 {
        self.0
    }

    /// Whether it is nothing at all.
    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        let cases = [
            ("100m", Some(100)),
            ("1", Some(1000)),
            ("0.5", Some(500)),
            (".5", Some(500)),
            ("1.", Some(1000)),
            ("128Mi", Some(134_217_728_000)),
            ("0.5Gi", Some(536_870_912_000)),
            ("2k", Some(2_000_000)),
            ("0", Some(0)),
            ("0.0001", None),
            ("-1", None),
            ("", None),
            (".", None),
            ("m", None),
            ("1 Mi", None),
            ("1MB", None),
            ("1mi", None),
            ("1e3", None),
            ("99999999999999999999999999999999999E", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(Quantity::parse(text), wanted.map(Quantity), "{text:?}");
        }
    }
}
