//! Streams: a request comes, a response comes, it is over.

use super::halves::Part;
use super::{Misuse, Simulator, Slot};
use crate::engine::Callback;
use crate::exchange::{Request, Response, Seen, StreamId};
use crate::fields::Fields;
use crate::world::{At, Half, Message, Place, Stream};

impl Simulator {
    /// Sends a request and says what became of it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when there is no such worker or configuration.
    pub fn request(&mut self, request: &Request) -> Result<(StreamId, Seen), Misuse> {
        let place = self.open(request)?;
        let id = StreamId(self.streams.len());
        self.streams.push(Slot::Open(place));
        if self.still(place, Half::Request) {
            self.headers_arrive(place, Half::Request);
        }
        if let Some(body) = &request.body
            && self.still(place, Half::Request)
        {
            self.body_arrives(
                place,
                Half::Request,
                Part {
                    bytes: body,
                    end: request.trailers.is_none(),
                },
            );
        }
        if let Some(trailers) = &request.trailers
            && self.still(place, Half::Request)
        {
            self.trailers_arrive(place, Half::Request, trailers.clone());
        }
        Ok((id, self.seen(id)?))
    }

    /// Whether the message is on its way; after a reply or a reset it is not.
    pub(super) fn still(&self, place: Place, half: Half) -> bool {
        self.world()
            .streams
            .get(&place)
            .is_some_and(|stream| match half {
                Half::Request => !stream.local && !stream.reset,
                Half::Response => !(stream.reset || stream.local && stream.response.passed_end),
            })
    }

    fn open(&mut self, request: &Request) -> Result<Place, Misuse> {
        let newest = self
            .configurations
            .iter()
            .rposition(|configuration| configuration.live);
        let number = request
            .configuration
            .or(newest)
            .ok_or(Misuse::NotConfigured)?;
        let known = self
            .configurations
            .get(number)
            .is_some_and(|configuration| configuration.live);
        if !known {
            return Err(Misuse::NotConfigured);
        }
        let worker = request.worker;
        let state = self
            .workers
            .get_mut(worker)
            .ok_or(Misuse::NoWorker(worker))?;
        let root = state.roots.get(&number).copied();
        let context = state.next_context;
        state.next_context = context.saturating_add(1);
        let place = Place { worker, context };
        let message = Message {
            fields: request.fields.clone(),
            ended: request.body.is_none() && request.trailers.is_none(),
            ..Message::default()
        };
        let stream = Stream {
            root: root.unwrap_or_default(),
            request: message,
            properties: request.properties.clone(),
            ..Stream::default()
        };
        self.world_mut().streams.insert(place, stream);
        match root {
            // Envoy creates the context immediately before the first callback.
            Some(root) => drop(self.raw_call(place, Callback::Create { parent: root })),
            // The VM is dead, or this worker refused the configuration.
            None => self.fail(place),
        }
        Ok(place)
    }

    /// Sends a part of a request's body, for a request that was sent with an empty `body`, or more of it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the request cannot have a body now.
    pub fn request_body(&mut self, id: StreamId, bytes: &[u8], end: bool) -> Result<Seen, Misuse> {
        self.body(id, Half::Request, Part { bytes, end })
    }

    /// Sends a part of a response's body.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the response cannot have a body now.
    pub fn response_body(&mut self, id: StreamId, bytes: &[u8], end: bool) -> Result<Seen, Misuse> {
        self.body(id, Half::Response, Part { bytes, end })
    }

    /// Ends a request with trailers.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the request cannot have trailers now.
    pub fn request_trailers(&mut self, id: StreamId, trailers: &Fields) -> Result<Seen, Misuse> {
        self.trailers(id, Half::Request, trailers)
    }

    /// Ends a response with trailers.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the response cannot have trailers now.
    pub fn response_trailers(&mut self, id: StreamId, trailers: &Fields) -> Result<Seen, Misuse> {
        self.trailers(id, Half::Response, trailers)
    }

    fn trailers(&mut self, id: StreamId, half: Half, trailers: &Fields) -> Result<Seen, Misuse> {
        let place = self.on_its_way(id, half)?;
        if self.still(place, half) {
            self.trailers_arrive(place, half, trailers.clone());
        }
        self.seen(id)
    }

    fn body(&mut self, id: StreamId, half: Half, part: Part<'_>) -> Result<Seen, Misuse> {
        let place = self.on_its_way(id, half)?;
        if self.still(place, half) {
            self.body_arrives(place, half, part);
        }
        self.seen(id)
    }

    /// The place of a message that began and has not ended.
    fn on_its_way(&self, id: StreamId, half: Half) -> Result<Place, Misuse> {
        let place = self.place(id)?;
        let world = self.world();
        let message = world.streams.get(&place).map(|stream| stream.half(half));
        match message {
            Some(message) if message.at != At::Nowhere && !message.is_whole() => Ok(place),
            Some(_) | None => Err(Misuse::OutOfTurn(
                "a body and trailers come after headers that do not end the message",
            )),
        }
    }

    /// Sends the headers of a request whose body comes later, by [`Simulator::request_body`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when there is no such worker or configuration.
    pub fn request_headers(&mut self, request: &Request) -> Result<(StreamId, Seen), Misuse> {
        let place = self.open(request)?;
        if let Some(stream) = self.world_mut().streams.get_mut(&place) {
            stream.request.ended = false;
        }
        let id = StreamId(self.streams.len());
        self.streams.push(Slot::Open(place));
        if self.still(place, Half::Request) {
            self.headers_arrive(place, Half::Request);
        }
        Ok((id, self.seen(id)?))
    }

    /// Sends the upstream's response and says what became of it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the request did not pass, or was already answered.
    pub fn respond(&mut self, id: StreamId, response: &Response) -> Result<Seen, Misuse> {
        let end = response.body.is_none() && response.trailers.is_none();
        self.response_begins(id, response, end)?;
        let place = self.place(id)?;
        if let Some(body) = &response.body
            && self.still(place, Half::Response)
        {
            self.body_arrives(
                place,
                Half::Response,
                Part {
                    bytes: body,
                    end: response.trailers.is_none(),
                },
            );
        }
        if let Some(trailers) = &response.trailers
            && self.still(place, Half::Response)
        {
            self.trailers_arrive(place, Half::Response, trailers.clone());
        }
        self.seen(id)
    }

    /// Sends the headers of a response whose body comes later, by [`Simulator::response_body`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the request did not pass, or was already answered.
    pub fn response_headers(&mut self, id: StreamId, response: &Response) -> Result<Seen, Misuse> {
        self.response_begins(id, response, false)?;
        self.seen(id)
    }

    fn response_begins(
        &mut self,
        id: StreamId,
        response: &Response,
        end: bool,
    ) -> Result<(), Misuse> {
        let place = self.place(id)?;
        {
            let mut world = self.world_mut();
            let stream = world.streams.get_mut(&place).ok_or(Misuse::NoStream)?;
            if stream.request.passed.is_none() || stream.response.at != At::Nowhere || stream.reset
            {
                return Err(Misuse::OutOfTurn(
                    "a response comes once, after the request's headers passed",
                ));
            }
            stream.properties.extend(response.properties.clone());
            stream.details = Some("via_upstream".to_owned());
            stream.response.fields = response.fields.clone();
            stream.response.ended = end;
        }
        self.headers_arrive(place, Half::Response);
        Ok(())
    }

    /// Ends a stream, whether or not it was answered: it is logged and forgotten.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoStream`] when it is over already.
    pub fn finish(&mut self, id: StreamId) -> Result<Seen, Misuse> {
        let seen = self.seen(id)?;
        let known = self.streams.get_mut(id.0).ok_or(Misuse::NoStream)?;
        let Slot::Open(place) = std::mem::replace(known, Slot::Gone) else {
            return Ok(seen);
        };
        if let Some(stream) = self.world_mut().streams.get_mut(&place) {
            stream.logging = true;
            stream.request.fields_visible = false;
            stream.response.fields_visible = false;
            stream.request.body_visible = false;
            stream.response.body_visible = false;
            stream.request.trailers_visible = false;
            stream.response.trailers_visible = false;
        }
        self.notify(place, Callback::Log);
        if let Some(stream) = self.world_mut().streams.get_mut(&place) {
            stream.logging = false;
        }
        self.notify(place, Callback::Done);
        self.notify(place, Callback::Delete);
        self.world_mut().streams.remove(&place);
        self.drain();
        Ok(seen)
    }

    /// Answers a request as most upstreams do, if it passed, and ends it. Gives what became of the request.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when there is no such worker or configuration.
    pub fn roundtrip(&mut self, request: &Request) -> Result<Seen, Misuse> {
        let (id, seen) = self.request(request)?;
        if matches!(seen, Seen::Continue(_)) {
            self.respond(id, &Response::new(200))?;
        }
        self.finish(id)?;
        Ok(seen)
    }
}
