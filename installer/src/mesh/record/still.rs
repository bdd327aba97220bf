//! Between looking and holding the Lease somebody else may have been here.

use crate::failure::{Exit, Failure};

/// Whether a record is the one that a plan was made from; both are nothing for what nobody knows. The words say what somebody else
/// did where there is one now, or none any more.
pub(crate) fn still<T: PartialEq>(
    name: &str,
    then: Option<&T>,
    now: Option<&T>,
    [made, gone]: [&str; 2],
) -> Result<(), Failure> {
    if then == now {
        return Ok(());
    }
    let what = match (then, now) {
        (None, _) => made,
        (Some(_), None) => gone,
        (Some(_), Some(_)) => "somebody else changed it",
    };
    let text = format!(
        "{name} is not as it was when its plan was made: {what} in the meantime; nothing was written: run the command again"
    );
    Err(Failure::text(Exit::Failure, text))
}
