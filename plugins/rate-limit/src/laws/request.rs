//! Whole requests through the whole plugin, against a proxy of maps.

use std::collections::BTreeMap;
use std::time::Duration;

use filter::foreign::{ForeignCall, ForeignError};
use filter::shared::{SharedError, Step};
use filter::{Exchange, Headers, HostError, Level, Next, Plugin as _, Property, Proxy};

use crate::RateLimit;
use crate::laws::Broken;
use crate::laws::world::Script;

/// Every kind of key, match and answer to a missing key.
const CONFIGURATION: &[u8] = br#"{"rules": [
    {"name": "by-user", "key": [{"header": "x-user"}], "limit": {"requests": 7, "per": "1m", "burst": 40}, "onMissingKey": "skip", "maxKeys": 9},
    {"name": "by-address", "key": [{"sourceAddress": {}}], "limit": {"requests": 5, "per": "1s"}, "onMissingKey": "refuse", "shadow": true, "maxKeys": 5},
    {"name": "by-path", "match": {"paths": [{"prefix": "/api"}], "methods": ["GET"], "hosts": ["*.example.com"]},
     "key": [{"path": {}}, {"header": "x-user"}], "limit": {"requests": 1000, "per": "1s"}, "maxKeys": 5},
    {"name": "all", "key": [{"constant": "all"}], "limit": {"requests": 100, "per": "1h"}, "response": {"status": 503}}
]}"#;

/// A proxy of maps.
#[derive(Debug, Default)]
struct Maps {
    headers: Option<Headers>,
    address: Option<Vec<u8>>,
    shared: BTreeMap<String, Vec<u8>>,
    now: Option<Duration>,
    broken: bool,
}

const NONE: HostError = HostError {
    call: "none",
    status: 1,
};

impl Proxy for Maps {
    fn now(&self) -> Result<Duration, HostError> {
        self.now.ok_or(NONE)
    }

    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
        if self.broken {
            return Err(SharedError::Host(1));
        }
        if let Some(new) = step(self.shared.get(slot).map(Vec::as_slice)) {
            self.shared.insert(slot.to_owned(), new);
        }
        Ok(())
    }

    fn count(&mut self, _: usize, _: u64) {}

    fn log(&self, _: Level, _: &str) {}

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), HostError> {
        bytes.fill(7);
        Ok(())
    }

    fn foreign(&mut self, _: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
        Err(ForeignError::Absent)
    }
}

impl Exchange for Maps {
    fn headers(&self) -> Result<&Headers, HostError> {
        self.headers.as_ref().ok_or(NONE)
    }

    fn property(&self, _: Property) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.address.clone())
    }

    fn body(&self, _: usize, _: usize) -> Result<Vec<u8>, HostError> {
        Err(NONE)
    }
}

impl Maps {
    fn next(&mut self, script: &mut Script<'_>) {
        let passed =
            Duration::from_millis(script.below(32).saturating_mul(u64::from(script.byte())));
        let now = self.now.unwrap_or(Duration::from_secs(1_000_000));
        self.now = (script.below(32) != 31).then(|| now.saturating_add(passed));
        self.broken = script.below(32) == 31;
        self.address = bytes(script).map(<[u8]>::to_vec);
        self.headers = (script.below(32) != 31).then(|| headers(script));
        if script.below(16) == 15 {
            let foreign = bytes(script).unwrap_or_default().to_vec();
            self.shared
                .values_mut()
                .for_each(|value| value.clone_from(&foreign));
        }
    }
}

/// Some bytes, and sometimes none.
fn bytes<'a>(script: &mut Script<'a>) -> Option<&'a [u8]> {
    let count = script.byte();
    (count < 240).then(|| script.take(usize::from(count & 31)))
}

fn headers(script: &mut Script<'_>) -> Headers {
    const NAMES: [&str; 6] = [
        ":method",
        ":authority",
        ":path",
        "x-user",
        "X-USER",
        "x-other",
    ];
    const USUAL: [&[u8]; 6] = [b"GET", b"a.example.com:80", b"/api", b"alice", b"bob", b""];
    let mut headers = Headers::new();
    for (name, usual) in NAMES.iter().zip(USUAL) {
        for _ in 0..script.below(3) {
            let value = match script.below(3) {
                0 => [usual, bytes(script).unwrap_or_default()].concat(),
                1 => bytes(script).unwrap_or_default().to_vec(),
                _ => usual.to_vec(),
            };
            headers.push(name, &value);
        }
    }
    headers
}

/// No request breaks the plugin, whatever its headers and its client's address are, and whatever fails; each is passed on as it is or
/// answered with a status that says whose fault it was.
///
/// # Errors
///
/// [`Broken`] with the answer.
pub fn spellings(script: &[u8]) -> Result<(), Broken> {
    let mut script = Script::new(script);
    let mut plugin = RateLimit::configure(CONFIGURATION).map_err(|errors| errors.to_string())?;
    let mut proxy = Maps::default();
    plugin.on_start(&mut proxy);
    while script.goes_on() {
        proxy.next(&mut script);
        let outcome = plugin.on_request(&mut proxy);
        let sound = outcome.edits.is_empty()
            && match &outcome.next {
                Next::Continue(()) => true,
                Next::Reply(reply, ()) => matches!(reply.status, 429 | 503),
                Next::Wait(..) | Next::Buffer(()) => false,
            };
        if !sound {
            return Err(format!("{outcome:?}"));
        }
    }
    Ok(())
}
