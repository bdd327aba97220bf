//! Tries again what may work a little later, for so long as the user waits.

use std::time::Duration;

use tokio::time::Instant;

use super::error::ClusterError;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Makes a request until it works, fails for good, or time is up; then its last error is the error.
pub(crate) async fn until<T, F>(
    deadline: Instant,
    worth: impl Fn(&ClusterError) -> bool,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ClusterError>
where
    F: Future<Output = Result<T, ClusterError>>,
{
    let mut tried = 0_u32;
    loop {
        let error = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let next = Instant::now().checked_add(pause(tried, error.retry_after()));
        match next.filter(|next| *next < deadline && worth(&error)) {
            Some(next) => tokio::time::sleep_until(next).await,
            None => return Err(error),
        }
        tried = tried.saturating_add(1);
    }
}

/// Twice as long each time, up to a bound; longer where the server asks for it.
fn pause(tried: u32, asked: Option<Duration>) -> Duration {
    let factor = 2_u32.saturating_pow(tried);
    FIRST
        .saturating_mul(factor)
        .min(LONGEST)
        .max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_and_are_bounded(tried in 0_u32..100, asked in proptest::option::of(0_u64..60)) {
            let asked = asked.map(Duration::from_secs);
            let this = pause(tried, asked);
            prop_assert!(this >= asked.unwrap_or_default() && this >= FIRST);
            prop_assert!(this <= LONGEST.max(asked.unwrap_or_default()));
            prop_assert!(pause(tried + 1, asked) >= this);
        }
    }

    fn slow() -> ClusterError {
        ClusterError::Slow {
            what: "x".to_owned(),
            server: "y".to_owned(),
            seconds: 1,
        }
    }

    #[tokio::test]
    async fn what_may_work_later_is_tried_again_in_time() {
        let tried = Cell::new(0);
        let attempt = || async {
            tried.set(tried.get() + 1);
            if tried.get() < 3 {
                Err(slow())
            } else {
                Ok(tried.get())
            }
        };
        let soon = Instant::now() + Duration::from_secs(30);
        assert_eq!(
            until(soon, ClusterError::is_transient, attempt)
                .await
                .unwrap(),
            3
        );

        tried.set(0);
        assert!(
            until(Instant::now(), ClusterError::is_transient, attempt)
                .await
                .is_err()
        );
        assert_eq!(tried.get(), 1, "no time, no second try");

        tried.set(0);
        assert!(until(soon, |_| false, attempt).await.is_err());
        assert_eq!(tried.get(), 1, "not worth a second try");
    }
}
