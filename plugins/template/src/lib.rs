//! Adds a header to every response: the smallest real plugin.
//!
//! It takes part in responses only, local replies included, and remembers nothing of a request, so Envoy calls it once for
//! each response.

mod config;

use filter::config::Errors;
use filter::{Callbacks, Edit, Exchange, Outcome, Plugin};

use crate::config::Config;

/// The plugin.
#[derive(Debug)]
pub struct Template {
    config: Config,
}

impl Plugin for Template {
    const NAME: &'static str = "template";
    const CALLBACKS: Callbacks = Callbacks::RESPONSE;
    type Stream = ();

    fn configure(configuration: &[u8]) -> Result<Self, Errors> {
        config::read(configuration).map(|config| Self { config })
    }

    fn on_response(&mut self, (): (), _exchange: &mut dyn Exchange) -> Outcome<()> {
        let Config { header, value } = &self.config;
        let header = Edit::Set(header.clone().into(), value.clone().into_bytes());
        Outcome::proceed(()).edit(header)
    }
}

#[cfg(feature = "proxy")]
host::export!(Template: response_headers);
