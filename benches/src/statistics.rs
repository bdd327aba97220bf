//! Medians and spreads.

use serde::Serialize;

/// The middle of some samples, and the range of their inner half. An outlier (another program's burst) moves neither.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// `None` of no samples.
    pub(crate) fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        Some(Self {
            median: quantile(&samples, 2)?,
            low: quantile(&samples, 1)?,
            high: quantile(&samples, 3)?,
        })
    }
}

/// The sample a number of quarters up, or the middle of the two that it falls between.
fn quantile(sorted: &[f64], quarters: usize) -> Option<f64> {
    let position = sorted.len().checked_sub(1)?.checked_mul(quarters)?;
    let below = sorted.get(position.checked_div(4)?)?;
    let above = sorted.get(position.div_ceil(4))?;
    Some(f64::midpoint(*below, *above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_inner_half() {
        let spread = |samples: &[f64]| Spread::of(samples.to_vec());
        assert_eq!(spread(&[]), None);
        assert_eq!(
            spread(&[7.0]),
            Some(Spread {
                median: 7.0,
                low: 7.0,
                high: 7.0
            })
        );
        assert_eq!(
            spread(&[5.0, 1.0, 900.0, 2.0, 4.0]),
            Some(Spread {
                median: 4.0,
                low: 2.0,
                high: 5.0
            })
        );
        assert_eq!(
            spread(&[1.0, 3.0]),
            Some(Spread {
                median: 2.0,
                low: 2.0,
                high: 2.0
            })
        );
    }
}
