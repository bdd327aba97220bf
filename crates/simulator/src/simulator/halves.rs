//! A message passes the filter: headers first, then its body in parts, either of which may be held.

use super::{Called, Simulator, count};
use crate::engine::Callback;
use crate::fields::Fields;
use crate::world::{Action, At, Half, LocalReply, Message, Place};

/// A part of a body.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) end: bool,
}

impl Simulator {
    /// The headers of a message reach the filter.
    pub(super) fn headers_arrive(&mut self, place: Place, half: Half) {
        let Some((size, end)) = self.with(place, half, |message| {
            message.fields_visible = true;
            message.at = At::HeldAtHeaders;
            (count(message.fields.len()), message.ended)
        }) else {
            return;
        };
        let callback = match half {
            Half::Request => Callback::RequestHeaders { count: size, end },
            Half::Response => Callback::ResponseHeaders { count: size, end },
        };
        match self.call(place, callback) {
            Called::Pass => self.pass_headers(place, half),
            Called::Hold => {}
            Called::Dead => return self.bury(place.worker),
        }
        self.run_actions();
    }

    /// A part of a message's body reaches the proxy; the filter sees it unless it holds the headers.
    pub(super) fn body_arrives(&mut self, place: Place, half: Half, part: Part<'_>) {
        let held = self.with(place, half, |message| {
            message.body.extend_from_slice(part.bytes);
            message.ended = part.end;
            message.at == At::HeldAtHeaders
        });
        if held == Some(false) {
            self.body_passes(place, half);
            self.run_actions();
        }
    }

    /// What arrived of the body and was not passed on is shown to the filter.
    fn body_passes(&mut self, place: Place, half: Half) {
        let Some((size, end)) = self.with(place, half, |message| {
            message.body_visible = true;
            (count(message.body.len()), message.ended)
        }) else {
            return;
        };
        let callback = match half {
            Half::Request => Callback::RequestBody { size, end },
            Half::Response => Callback::ResponseBody { size, end },
        };
        match self.call(place, callback) {
            Called::Pass => self.pass_body(place, half),
            Called::Hold => self.hold_body(place, half),
            Called::Dead => self.bury(place.worker),
        }
    }

    /// The trailers of a message reach the proxy; the filter sees them unless it holds the headers.
    pub(super) fn trailers_arrive(&mut self, place: Place, half: Half, trailers: Fields) {
        let held = self.with(place, half, |message| {
            message.trailers = Some(trailers);
            message.at == At::HeldAtHeaders
        });
        if held == Some(false) {
            self.trailers_pass(place, half);
            self.run_actions();
        }
    }

    /// Trailers are shown to the filter, which may still hold a part of the body.
    pub(super) fn trailers_pass(&mut self, place: Place, half: Half) {
        let Some(size) = self.with(place, half, |message| {
            message.trailers_visible = true;
            count(message.trailers.as_ref().map_or(0, Fields::len))
        }) else {
            return;
        };
        let callback = match half {
            Half::Request => Callback::RequestTrailers { count: size },
            Half::Response => Callback::ResponseTrailers { count: size },
        };
        match self.call(place, callback) {
            Called::Pass => self.pass_trailers(place, half),
            Called::Hold => {
                self.with(place, half, |message| message.at = At::HeldAtTrailers);
            }
            Called::Dead => self.bury(place.worker),
        }
    }

    fn pass_trailers(&self, place: Place, half: Half) {
        self.pass_body(place, half);
        self.with(place, half, |message| {
            message.trailers_visible = false;
            message.passed_trailers = message.trailers.clone().unwrap_or_default();
            message.passed_end = true;
        });
    }

    /// A held message goes on.
    pub(super) fn go_on(&mut self, place: Place, half: Half) {
        let Some((at, more)) = self.with(place, half, |message| {
            (
                message.at,
                !message.body.is_empty() || (message.ended && !message.passed_end),
            )
        }) else {
            return;
        };
        match at {
            At::HeldAtHeaders => {
                let (whole, trailers) = self
                    .with(place, half, |message| {
                        let whole = message.ended && message.body.is_empty();
                        (whole, message.trailers.is_some())
                    })
                    .unwrap_or((true, false));
                self.pass_headers(place, half);
                // The filter sees what arrived of the body while it held the headers.
                if more && !whole {
                    self.body_passes(place, half);
                }
                if trailers {
                    // Behind what it asks for in that callback, as a reply.
                    let action = Action::Trailers(place, half);
                    self.world_mut().actions.push_back(action);
                }
            }
            At::HeldAtBody => self.pass_body(place, half),
            At::HeldAtTrailers => self.pass_trailers(place, half),
            At::Nowhere | At::Passing => {
                self.world_mut()
                    .problem(place, format_args!("continues a {half:?} that is not held"));
            }
        }
    }

    fn pass_headers(&mut self, place: Place, half: Half) {
        let passed = self.with(place, half, |message| {
            message.fields_visible = false;
            message.at = At::Passing;
            message.passed_end = message.ended && message.body.is_empty();
            message.passed = Some(message.fields.clone());
            message.fields.clone()
        });
        if let Some(fields) = passed {
            self.check_passed(place, half, &fields);
        }
    }

    fn check_passed(&self, place: Place, half: Half, fields: &Fields) {
        let needed: &[&str] = match half {
            Half::Request => &[":method", ":path", ":authority"],
            Half::Response => &[":status"],
        };
        for name in needed.iter().filter(|name| fields.first(name).is_none()) {
            self.world_mut()
                .problem(place, format_args!("lets a {half:?} pass without {name}"));
        }
    }

    fn pass_body(&self, place: Place, half: Half) {
        self.with(place, half, |message| {
            message.body_visible = false;
            message.at = At::Passing;
            message.passed_body.append(&mut message.body);
            message.passed_end = message.ended;
        });
    }

    fn hold_body(&mut self, place: Place, half: Half) {
        let limit = self.world().buffer_limit;
        let too_much = self.with(place, half, |message| {
            message.at = At::HeldAtBody;
            message.body.len() > limit
        });
        if too_much == Some(true) {
            let (status, details) = match half {
                Half::Request => (413, "request_payload_too_large"),
                Half::Response => (500, "response_payload_too_large"),
            };
            let (headers, body) = (Fields::new(), Vec::new());
            let reply = LocalReply {
                status,
                headers,
                body,
                grpc_status: None,
                details: details.to_owned(),
            };
            self.reply(place, reply);
        }
    }

    fn with<T>(
        &self,
        place: Place,
        half: Half,
        change: impl FnOnce(&mut Message) -> T,
    ) -> Option<T> {
        let mut world = self.world_mut();
        let stream = world.streams.get_mut(&place)?;
        Some(change(stream.half_mut(half)))
    }
}
