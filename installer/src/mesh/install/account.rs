//! What was done to objects, as the history of a mesh keeps it: weft's fields as the API server answered them.

use serde_json::Value;

use crate::cluster::apply::Deed;
use crate::history::{Change, fields};

/// What was done, as history keeps it. Where only the account of who owns a field changed, there is nothing to keep.
pub(crate) fn changes(deeds: &[Deed]) -> Vec<Change> {
    deeds.iter().filter_map(change).collect()
}

fn change(deed: &Deed) -> Option<Change> {
    let side = |object: &Option<Value>| object.as_ref().map(|object| ours(object, deed.manager));
    let (mut before, mut after) = (side(&deed.before), side(&deed.after));
    if let (Some(before), Some(after)) = (&mut before, &mut after) {
        taken_over(before, after, deed.before.as_ref());
        left_behind(before, after, deed.after.as_ref());
    }
    (before != after).then(|| Change {
        object: deed.object.clone(),
        manager: deed.manager,
        before,
        after,
    })
}

/// What comes without the server's account of its fields is what we sent, and all ours.
fn ours(object: &Value, manager: &str) -> Value {
    match object.pointer("/metadata/managedFields") {
        Some(_) => fields::ours(object, manager),
        None => object.clone(),
    }
}

/// A field that somebody else had: going back gives it the value that it had. One that nobody had was a default, and
/// comes back by itself.
fn taken_over(before: &mut Value, after: &Value, was: Option<&Value>) {
    let Some(was) = was else {
        return;
    };
    for at in fields::leaves(after) {
        let value = was
            .pointer(&at)
            .filter(|_| !fields::others(was, &at).is_empty());
        if before.pointer(&at).is_none() && value.is_some() {
            fields::put(before, &at, value.cloned());
        }
    }
}

/// A field that is not ours any more, and is there all the same, by default or by somebody else: it is as we left it.
fn left_behind(before: &Value, after: &mut Value, is: Option<&Value>) {
    for at in fields::leaves(before) {
        let value = is.and_then(|is| is.pointer(&at));
        if after.pointer(&at).is_none() && value.is_some() {
            fields::put(after, &at, value.cloned());
        }
    }
}

#[cfg(test)]
#[path = "account/tests.rs"]
mod tests;
