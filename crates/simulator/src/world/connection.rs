//! A connection as one network filter of the proxy sees it: what each side sent, and what of it the other one has.

use filter::network::Side;

use super::{Place, World};
use crate::status::Status;

/// A connection.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// The configuration that it belongs to.
    pub(crate) root: u32,
    pub(crate) downstream: Pipe,
    pub(crate) upstream: Pipe,
    /// The module closed it.
    pub(crate) closed: bool,
}

/// What one side sent.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    /// What has arrived and was not passed on.
    pub(crate) held: Vec<u8>,
    /// Whether host calls reach that now.
    pub(crate) visible: bool,
    /// Whether it sends no more.
    pub(crate) ended: bool,
    /// What the other side has.
    pub(crate) passed: Vec<u8>,
    /// Whether that knows that no more comes.
    pub(crate) passed_end: bool,
}

impl Connection {
    pub(crate) const fn pipe(&mut self, side: Side) -> &mut Pipe {
        match side {
            Side::Downstream => &mut self.downstream,
            Side::Upstream => &mut self.upstream,
        }
    }

    pub(crate) fn visible(&self, side: Side) -> &[u8] {
        let pipe = match side {
            Side::Downstream => &self.downstream,
            Side::Upstream => &self.upstream,
        };
        if pipe.visible { &pipe.held } else { &[] }
    }

    pub(crate) fn changeable(&mut self, side: Side) -> Option<&mut Vec<u8>> {
        let pipe = self.pipe(side);
        pipe.visible.then_some(&mut pipe.held)
    }
}

impl World {
    /// Closes the connection.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn close_connection(&mut self, place: Place) -> Result<(), Status> {
        self.faults.meet("proxy_close_stream")?;
        if let Some(connection) = self.connections.get_mut(&place) {
            connection.closed = true;
        }
        Ok(())
    }
}
