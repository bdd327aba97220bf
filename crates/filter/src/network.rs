//! The vocabulary of a network filter: bytes of a connection in, a verdict on them out.
//!
//! It is apart from the HTTP one because nothing of that fits: there are no headers, no local reply, and nothing can
//! be written to the client before the upstream wrote something.

use crate::config;
use crate::exchange::Proxy;
use crate::metric::Metric;

/// One configured network filter.
pub trait NetworkPlugin: Sized + 'static {
    /// The plugin's name in kebab-case.
    const NAME: &'static str;

    /// The version of the layout of its shared data.
    const SHARED_VERSION: u32 = 1;

    /// What it remembers of a connection between two callbacks.
    type Connection: Default + 'static;

    /// Reads `configuration`, the JSON an operator wrote.
    ///
    /// # Errors
    ///
    /// Every mistake in it, each with the place where it stands.
    fn configure(configuration: &[u8]) -> Result<Self, config::Errors>;

    /// The metrics this configuration counts.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    /// Bytes arrived. `data` is all that arrived from this side and was not passed on.
    fn on_data(
        &mut self,
        connection: Self::Connection,
        data: Data<'_>,
        proxy: &mut dyn Proxy,
    ) -> Flow<Self::Connection>;
}

/// Bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// Where they come from.
    pub from: Side,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether that side sends no more.
    pub end: bool,
}

/// One side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client.
    Downstream,
    /// The server.
    Upstream,
}

/// What happens to the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow<C> {
    /// They do not make a whole frame yet: keep them and wait for more. Where the side has ended no more comes: then bytes that are
    /// no whole frame close the connection, and an end without bytes is passed on.
    NeedMore(C),
    /// Pass them on.
    Pass(C),
    /// Pass these on in their place.
    Replace(Vec<u8>, C),
    /// Close the connection to the client after what was already passed on.
    Close,
}
