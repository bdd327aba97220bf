//! Connections, for a network filter: bytes come from either side, in any parts.

use filter::network::Side;

use super::{Called, Misuse, Simulator, count};
use crate::engine::Callback;
use crate::world::{Connection, Place};

/// A connection of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(usize);

/// What one side has of what the other one sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piped {
    /// So many bytes.
    pub bytes: Vec<u8>,
    /// Whether no more comes.
    pub end: bool,
    /// Whether the filter closed the connection.
    pub closed: bool,
}

impl Simulator {
    /// A client connects to `worker`, under the newest configuration.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when there is no such worker, or nothing is configured on it.
    pub fn connect(&mut self, worker: usize) -> Result<ConnectionId, Misuse> {
        let newest = self.configurations.iter().rposition(|known| known.live);
        let state = self
            .workers
            .get_mut(worker)
            .ok_or(Misuse::NoWorker(worker))?;
        let root = newest.and_then(|newest| state.roots.get(&newest).copied());
        let root = root.ok_or(Misuse::NotConfigured)?;
        let context = state.next_context;
        state.next_context = context.saturating_add(1);
        let place = Place { worker, context };
        let connection = Connection {
            root,
            ..Connection::default()
        };
        self.world_mut().connections.insert(place, connection);
        self.raw_call(place, Callback::Create { parent: root });
        let id = ConnectionId(self.connections.len());
        self.connections.push(Some(place));
        Ok(id)
    }

    /// One side sends bytes, or its end. Gives what the other one has by now.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the connection is over, or this side has ended.
    pub fn send(
        &mut self,
        id: ConnectionId,
        from: Side,
        bytes: &[u8],
        end: bool,
    ) -> Result<Piped, Misuse> {
        let place = self.connected(id)?;
        let size = {
            let mut world = self.world_mut();
            let connection = world
                .connections
                .get_mut(&place)
                .ok_or(Misuse::NoConnection)?;
            let pipe = connection.pipe(from);
            if pipe.ended {
                return Err(Misuse::OutOfTurn("this side of the connection has ended"));
            }
            pipe.held.extend_from_slice(bytes);
            pipe.ended = end;
            pipe.visible = true;
            count(pipe.held.len())
        };
        let callback = match from {
            Side::Downstream => Callback::DownstreamData { size, end },
            Side::Upstream => Callback::UpstreamData { size, end },
        };
        let called = self.call(place, callback);
        self.run_actions();
        let mut world = self.world_mut();
        let connection = world
            .connections
            .get_mut(&place)
            .ok_or(Misuse::NoConnection)?;
        connection.closed |= called == Called::Dead;
        let closed = connection.closed;
        let pipe = connection.pipe(from);
        pipe.visible = false;
        if called == Called::Pass && !closed {
            let held = std::mem::take(&mut pipe.held);
            pipe.passed.extend(held);
            pipe.passed_end = end;
        }
        Ok(Piped {
            bytes: pipe.passed.clone(),
            end: pipe.passed_end,
            closed,
        })
    }

    /// Ends a connection.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when it is over already.
    pub fn disconnect(&mut self, id: ConnectionId) -> Result<(), Misuse> {
        let place = self.connected(id)?;
        if let Some(known) = self.connections.get_mut(id.0) {
            *known = None;
        }
        self.notify(place, Callback::Done);
        self.notify(place, Callback::Delete);
        self.world_mut().connections.remove(&place);
        Ok(())
    }

    fn connected(&self, id: ConnectionId) -> Result<Place, Misuse> {
        let known = self.connections.get(id.0).copied().flatten();
        known.ok_or(Misuse::NoConnection)
    }
}
