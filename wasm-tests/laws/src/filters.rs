//! Laws of the vocabulary.

use std::time::Duration;

use filter::config::{Node, Value};
use filter::shared::{self, SharedError, Store};
use filter::{Edit, Headers, config, lease};
use simulator::storm::Script;

/// However workers and time alternate, a worker that leads is the only one until its lease ends.
pub(crate) fn no_two_leaders(script: &[u8]) -> Result<(), String> {
    let mut script = Script::new(script);
    let ttl = Duration::from_millis(u64::from(script.byte()).saturating_add(1));
    let (mut slot, mut now, mut leader) = (None::<Vec<u8>>, Duration::from_secs(1), None);
    while script.goes_on() {
        let worker = u64::from(script.below(4));
        now = now.saturating_add(Duration::from_millis(u64::from(script.byte())));
        let (new, leads) = lease::step(slot.as_deref(), worker, now, ttl);
        match leader {
            Some((other, until)) if other != worker && now < until && leads => {
                return Err(format!(
                    "{worker} leads at {now:?}, and {other} until {until:?}"
                ));
            }
            Some((other, until)) if (other == worker || now >= until) && !leads => {
                return Err(format!("nobody leads at {now:?}: {worker} was refused"));
            }
            Some(_) | None => {}
        }
        if leads {
            leader = Some((worker, now.saturating_add(ttl)));
            slot = new;
        }
    }
    Ok(())
}

/// A counter that another worker raises whenever the script says so.
struct Contended<'a> {
    script: Script<'a>,
    count: u64,
    version: u32,
    theirs: u64,
}

impl Store for Contended<'_> {
    fn get(&mut self, _: &str) -> Result<Option<(Vec<u8>, u32)>, SharedError> {
        Ok(Some((self.count.to_le_bytes().to_vec(), self.version)))
    }

    fn set(&mut self, _: &str, bytes: &[u8], version: Option<u32>) -> Result<bool, SharedError> {
        if self.script.below(3) == 0 {
            self.count = self.count.saturating_add(1);
            self.theirs = self.theirs.saturating_add(1);
            self.version = self.version.wrapping_add(1);
        }
        if version != Some(self.version) {
            return Ok(false);
        }
        self.count = number(bytes);
        self.version = self.version.wrapping_add(1);
        Ok(true)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

/// Every step that took effect counts once, and so does every one of the others.
pub(crate) fn lost_races(script: &[u8]) -> Result<(), String> {
    let mut store = Contended {
        script: Script::new(script),
        count: 0,
        version: u32::MAX,
        theirs: 0,
    };
    let mut ours: u64 = 0;
    for _ in 0..100 {
        let counted = shared::run(&mut store, "count", &mut |old| {
            let next = old.map(number).unwrap_or_default().saturating_add(1);
            Some(next.to_le_bytes().to_vec())
        });
        ours = ours.saturating_add(u64::from(counted.is_ok()));
    }
    let both = ours.saturating_add(store.theirs);
    if store.count == both {
        Ok(())
    } else {
        Err(format!("counted {} of {both}", store.count))
    }
}

/// Edits do what they would do to a list of pairs.
pub(crate) fn edited_headers(script: &[u8]) -> Result<(), String> {
    const NAMES: [&str; 4] = ["a", "B", "a-b", ":path"];
    let mut script = Script::new(script);
    let mut list: Vec<(String, Vec<u8>)> = Vec::new();
    for _ in 0..script.below(6) {
        list.push((script.choose(&NAMES).to_owned(), script.bytes(9)));
    }
    let headers: Headers = list
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    let mut edits = Vec::new();
    while script.goes_on() {
        let (name, value) = (script.choose(&NAMES), script.bytes(9));
        let others = |(found, _): &(String, Vec<u8>)| !found.eq_ignore_ascii_case(name);
        match script.below(3) {
            0 => {
                list.retain(others);
                list.push((name.to_owned(), value.clone()));
                edits.push(Edit::Set(name.into(), value));
            }
            1 => {
                list.push((name.to_owned(), value.clone()));
                edits.push(Edit::Add(name.into(), value));
            }
            _ => {
                list.retain(others);
                edits.push(Edit::Remove(name.into()));
            }
        }
    }
    let edited = headers.edited(&edits);
    let wanted = list
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_slice()));
    if edited.iter().eq(wanted) && edited.len() == list.len() {
        Ok(())
    } else {
        Err(format!("{edited:?} instead of {list:?}"))
    }
}

/// Bytes that are nearly JSON are read, or refused with mistakes each of which has a place.
pub(crate) fn any_configuration(script: &[u8]) -> Result<(), String> {
    const PARTS: [&str; 16] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b/~\"",
        "1",
        "-1.5e3",
        "1e999",
        "null",
        "true",
        "\"1s\"",
        " ",
        "\"\u{fffd}\"",
    ];
    let mut script = Script::new(script);
    let mut bytes = Vec::new();
    while script.goes_on() {
        match script.below(8) {
            0 => bytes.extend(script.bytes(3)),
            _ => bytes.extend_from_slice(script.choose(&PARTS).as_bytes()),
        }
    }
    let read = config::read(&bytes, |object| {
        let a = object.optional("a", |value| value.list(Value::duration).map(drop));
        let b = object.optional("b/~", |value| value.integer(&(0..=9)).map(drop));
        a.and(b)
    });
    let errors = read
        .err()
        .map(|errors| errors.mistakes().to_vec())
        .unwrap_or_default();
    let known: Option<Node> = serde_json::from_slice(&bytes).ok();
    for mistake in &errors {
        let placed = mistake.at.is_empty() || (mistake.at.starts_with('/') && known.is_some());
        if !placed || mistake.problem.is_empty() {
            return Err(format!(
                "{mistake:?} in {:?}",
                String::from_utf8_lossy(&bytes)
            ));
        }
    }
    Ok(())
}
