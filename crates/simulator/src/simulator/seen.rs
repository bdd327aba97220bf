//! What became of a stream.

use super::{Misuse, Simulator, Slot};
use crate::exchange::{Passed, Replied, Seen, StreamId};
use crate::world::{At, Place, Stream};

impl Simulator {
    /// What became of the stream so far.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoStream`] when it is over.
    pub fn seen(&self, id: StreamId) -> Result<Seen, Misuse> {
        if let Some(Slot::Orphaned(seen)) = self.streams.get(id.0) {
            return Ok(seen.clone());
        }
        let place = self.place(id)?;
        let world = self.world();
        let stream = world.streams.get(&place).ok_or(Misuse::NoStream)?;
        Ok(seen(stream))
    }

    /// Keeps what became of the streams of a worker whose VM is replaced: their numbers will be those of other streams.
    pub(super) fn orphan(&mut self, worker: usize) {
        let mut world = self.world.borrow_mut();
        for slot in &mut self.streams {
            if let Slot::Open(place) = *slot
                && place.worker == worker
                && let Some(stream) = world.streams.remove(&place)
            {
                *slot = Slot::Orphaned(seen(&stream));
            }
        }
    }

    /// Whether all of the message that is on its way through the filter has arrived.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoStream`] when it is over.
    pub fn arrived(&self, id: StreamId) -> Result<bool, Misuse> {
        let place = self.place(id)?;
        let world = self.world();
        let stream = world.streams.get(&place).ok_or(Misuse::NoStream)?;
        Ok(match stream.response.at {
            At::Nowhere => stream.request.is_whole(),
            At::HeldAtHeaders | At::Passing | At::HeldAtBody | At::HeldAtTrailers => {
                stream.response.is_whole()
            }
        })
    }

    /// The filter state objects that the plugin set on the stream, by name.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoStream`] when it is over.
    pub fn filter_state(&self, id: StreamId) -> Result<Vec<(String, String)>, Misuse> {
        let place = self.place(id)?;
        let world = self.world();
        let stream = world.streams.get(&place).ok_or(Misuse::NoStream)?;
        let objects = stream.filter_state.iter();
        Ok(objects
            .map(|(name, (value, _))| (name.clone(), value.clone()))
            .collect())
    }

    /// How often the plugin had the route of the stream chosen again.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoStream`] when it is over.
    pub fn routes_cleared(&self, id: StreamId) -> Result<u32, Misuse> {
        let place = self.place(id)?;
        let world = self.world();
        Ok(world
            .streams
            .get(&place)
            .ok_or(Misuse::NoStream)?
            .routes_cleared)
    }

    pub(super) fn place(&self, id: StreamId) -> Result<Place, Misuse> {
        match self.streams.get(id.0) {
            Some(Slot::Open(place)) => Ok(*place),
            Some(Slot::Orphaned(_) | Slot::Gone) | None => Err(Misuse::NoStream),
        }
    }
}

fn seen(stream: &Stream) -> Seen {
    let message = match stream.response.at {
        At::Nowhere => &stream.request,
        At::HeldAtHeaders | At::Passing | At::HeldAtBody | At::HeldAtTrailers => &stream.response,
    };
    match (&message.passed, message.at) {
        _ if stream.reset => Seen::Reset,
        (None, _) | (Some(_), At::HeldAtBody | At::HeldAtTrailers) => Seen::Waiting,
        (Some(_), _) if stream.local && !message.passed_end => Seen::Waiting,
        (Some(_), _) if stream.local => Seen::Reply(replied(stream)),
        (Some(headers), _) => Seen::Continue(Passed {
            headers: headers.clone(),
            body: message.passed_body.clone(),
            trailers: message.passed_trailers.clone(),
            end: message.passed_end,
        }),
    }
}

fn replied(stream: &Stream) -> Replied {
    let headers = stream.response.passed.clone().unwrap_or_default();
    let number = |name: &str| {
        std::str::from_utf8(headers.first(name)?)
            .ok()?
            .parse::<u32>()
            .ok()
    };
    Replied {
        status: number(":status")
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or_default(),
        grpc_status: number("grpc-status"),
        body: stream.response.passed_body.clone(),
        details: stream.details.clone().unwrap_or_default(),
        headers,
    }
}
