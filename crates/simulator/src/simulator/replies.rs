//! What a module asked for is carried out once it returned: replies above all.

use super::Simulator;
use super::halves::Part;
use crate::engine::Callback;
use crate::fields::Fields;
use crate::world::{Action, At, Half, LocalReply, Message, Place, Stream};

impl Simulator {
    /// Carries out what modules asked for, until nothing is left.
    pub(super) fn run_actions(&mut self) {
        loop {
            let action = self.world_mut().actions.pop_front();
            match action {
                None => return,
                Some(Action::Continue(place, half)) => self.go_on(place, half),
                Some(Action::Trailers(place, half)) => {
                    if self.still(place, half) {
                        self.trailers_pass(place, half);
                    }
                }
                Some(Action::Reply(place, reply)) => self.reply(place, reply),
                Some(Action::Close(place)) => self.reset(place),
                Some(Action::QueueReady(place, queue)) => {
                    self.raw_call(place, Callback::QueueReady { queue });
                }
                Some(Action::GrpcClosed(place, token)) => {
                    self.raw_call(
                        place,
                        Callback::GrpcClose {
                            token,
                            status: UNAVAILABLE,
                        },
                    );
                }
            }
        }
    }

    fn reset(&self, place: Place) {
        if let Some(stream) = self.world_mut().streams.get_mut(&place) {
            stream.reset = true;
        }
    }

    /// Answers the client in the upstream's place. The reply passes the filter as a response does, unless the upstream's
    /// response is already in it: then it goes straight out, and once that response has left the stream is reset.
    pub(super) fn reply(&mut self, place: Place, reply: LocalReply) {
        let found = self.world().streams.get(&place).map(|stream| {
            let whole = stream.local && stream.response.passed_end;
            (stream.response.at, whole)
        });
        match found {
            None => {}
            Some((_, true)) => self
                .world_mut()
                .problem(place, "replies to a request that was already replied to"),
            Some((At::Nowhere, _)) => self.reply_through_the_filter(place, reply),
            Some((At::HeldAtHeaders, _)) => self.reply_directly(place, reply),
            Some((At::Passing | At::HeldAtBody | At::HeldAtTrailers, _)) => self.reset(place),
        }
    }

    fn reply_through_the_filter(&mut self, place: Place, reply: LocalReply) {
        let body = self.replaced(place, reply);
        self.headers_arrive(place, Half::Response);
        let open = self
            .world()
            .streams
            .get(&place)
            .is_some_and(|stream| !stream.reset && !stream.response.passed_end);
        if let Some(body) = body
            && open
        {
            self.body_arrives(
                place,
                Half::Response,
                Part {
                    bytes: &body,
                    end: true,
                },
            );
        }
    }

    fn reply_directly(&self, place: Place, reply: LocalReply) {
        let body = self.replaced(place, reply);
        if let Some(stream) = self.world_mut().streams.get_mut(&place) {
            let message = &mut stream.response;
            message.passed = Some(message.fields.clone());
            message.passed_body = body.unwrap_or_default();
            message.passed_end = true;
            message.at = At::Passing;
        }
    }

    /// Puts the reply where the response will be, and gives its body, which comes after its headers.
    fn replaced(&self, place: Place, reply: LocalReply) -> Option<Vec<u8>> {
        let mut world = self.world_mut();
        let stream = world.streams.get_mut(&place)?;
        let (fields, body) = compose(stream, &reply);
        stream.local = true;
        stream.details = Some(reply.details);
        stream.request.fields_visible = false;
        stream.request.body_visible = false;
        stream.response = Message {
            fields,
            ended: body.is_none(),
            ..Message::default()
        };
        body
    }

    /// Every stream of a worker whose VM died is refused, as Envoy does unless it was told to fail open.
    pub(super) fn bury(&mut self, worker: usize) {
        let dead: Vec<Place> = {
            let mut world = self.world_mut();
            world.calls.forget(worker);
            world.timers.retain(|place, _| place.worker != worker);
            let places = world.streams.keys().copied();
            places.filter(|place| place.worker == worker).collect()
        };
        for place in dead {
            self.fail(place);
        }
    }

    /// Refuses a stream for which there is no plugin.
    pub(super) fn fail(&self, place: Place) {
        let answered = self.world().streams.get(&place).is_some_and(|stream| {
            stream.local
                || matches!(
                    stream.response.at,
                    At::Passing | At::HeldAtBody | At::HeldAtTrailers
                )
        });
        if answered {
            self.reset(place);
        } else {
            self.reply_directly(place, failed());
        }
    }
}

/// gRPC status 14.
const UNAVAILABLE: u32 = 14;

fn failed() -> LocalReply {
    LocalReply {
        status: 503,
        headers: Fields::new(),
        body: Vec::new(),
        grpc_status: Some(UNAVAILABLE),
        details: "wasm_fail_stream".to_owned(),
    }
}

/// What Envoy makes of a local reply: a gRPC client gets its status in headers, anybody else the body as text.
fn compose(stream: &Stream, reply: &LocalReply) -> (Fields, Option<Vec<u8>>) {
    let mut fields = Fields::new();
    if stream.is_grpc() {
        fields.add(":status", b"200");
        fields.add("content-type", b"application/grpc");
        add_all(&mut fields, &reply.headers);
        let status = reply
            .grpc_status
            .unwrap_or_else(|| grpc_status(reply.status));
        set_default(&mut fields, "grpc-status", status.to_string().as_bytes());
        if !reply.body.is_empty() {
            set_default(
                &mut fields,
                "grpc-message",
                percent_encoded(&reply.body).as_bytes(),
            );
        }
        return (fields, None);
    }
    fields.add(":status", reply.status.to_string().as_bytes());
    add_all(&mut fields, &reply.headers);
    if reply.body.is_empty() {
        return (fields, None);
    }
    fields.set("content-length", reply.body.len().to_string().as_bytes());
    set_default(&mut fields, "content-type", b"text/plain");
    let asks_for_headers = stream.request.fields.first(":method") == Some(b"HEAD");
    (fields, (!asks_for_headers).then(|| reply.body.clone()))
}

fn add_all(fields: &mut Fields, more: &Fields) {
    for (name, value) in more.iter() {
        fields.add(name, value);
    }
}

fn set_default(fields: &mut Fields, name: &str, value: &[u8]) {
    if fields.first(name).is_none() {
        fields.add(name, value);
    }
}

/// The mapping that gRPC prescribes for responses without a gRPC status.
const fn grpc_status(http: u32) -> u32 {
    match http {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => 2,
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    let encode = |byte: &u8| match byte {
        b' '..=b'$' | b'&'..=b'~' => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(encode).collect()
}
