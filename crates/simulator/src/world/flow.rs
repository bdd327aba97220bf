//! Host calls that decide what becomes of a message, and those that leave the proxy.

use std::time::Duration;

use super::foreign::Effect;
use super::{Action, Asked, At, CANARY, Call, Half, LocalReply, Place, World};
use crate::fields::Fields;
use crate::protobuf;
use crate::status::Status;

impl World {
    /// Lets a held message go on once the module returned.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn continue_stream(&mut self, place: Place, half: Half) -> Result<(), Status> {
        self.faults.meet("proxy_continue_stream")?;
        if self.streams.contains_key(&place) {
            self.actions.push_back(Action::Continue(place, half));
        } else {
            self.problem(
                place,
                "continues a stream, but this context has none: is the effective context set?",
            );
        }
        Ok(())
    }

    /// Resets the stream once the module returned.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn close_stream(&mut self, place: Place) -> Result<(), Status> {
        self.faults.meet("proxy_close_stream")?;
        self.actions.push_back(Action::Close(place));
        Ok(())
    }

    /// Answers the client once the module returned.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn local_reply(&mut self, place: Place, mut reply: LocalReply) -> Result<(), Status> {
        self.faults.meet("proxy_send_local_response")?;
        if !(200..=599).contains(&reply.status) {
            self.problem(
                place,
                format_args!("replies with the HTTP status {}", reply.status),
            );
        }
        for (name, value) in reply.headers.iter() {
            self.check_field(place, name, value);
        }
        // Envoy replaces white space, since the details become a column of the access log.
        reply.details = reply.details.replace(char::is_whitespace, "_");
        self.stopped = true;
        if self.streams.contains_key(&place) {
            self.actions.push_back(Action::Reply(place, reply));
        } else {
            self.problem(
                place,
                "replies, but this context has no stream: is the effective context set?",
            );
        }
        Ok(())
    }

    /// Makes an HTTP call; the answer comes to the root context. Gives the number by which it is known.
    ///
    /// # Errors
    ///
    /// `BadArgument` for an unknown cluster, and without `:method`, `:path` and `:authority`.
    pub fn http_call(
        &mut self,
        place: Place,
        cluster: &str,
        asked: (Fields, Vec<u8>),
        timeout: Duration,
    ) -> Result<u32, Status> {
        self.faults.meet("proxy_http_call")?;
        let (headers, body) = asked;
        let whole = [":method", ":path", ":authority"]
            .iter()
            .all(|name| headers.first(name).is_some());
        if !self.calls.knows(cluster) || !whole {
            return Err(Status::BAD_ARGUMENT);
        }
        for (name, value) in headers.iter() {
            self.check_field(place, name, value);
        }
        Ok(self.made(place, cluster, Asked::Http { headers, body }, timeout))
    }

    /// The cluster that a gRPC call is for, from the message `envoy.config.core.v3.GrpcService` that says so. Envoy also takes the bare
    /// name of a cluster, but aborts on one that can be read as such a message, as `authorize` can, so that is a problem here.
    ///
    /// # Errors
    ///
    /// `ParseFailure` when it is neither.
    pub fn grpc_cluster(&mut self, place: Place, target: &[u8]) -> Result<String, Status> {
        let envoy_grpc = protobuf::read(target).and_then(|fields| protobuf::message(&fields, 1));
        if let Some(name) = envoy_grpc.and_then(|fields| protobuf::text(&fields, 1)) {
            return Ok(name);
        }
        self.problem(
            place,
            "names the cluster of a gRPC call outside of a message",
        );
        String::from_utf8(target.to_vec()).map_err(|_| Status::PARSE_FAILURE)
    }

    /// Makes a unary gRPC call.
    ///
    /// # Errors
    ///
    /// `InternalFailure` for an unknown cluster; Envoy then also reports the end of a call of which the module never
    /// got the number.
    pub fn grpc_call(
        &mut self,
        place: Place,
        cluster: &str,
        asked: Asked,
        timeout: Duration,
    ) -> Result<u32, Status> {
        self.faults.meet("proxy_grpc_call")?;
        if !self.calls.knows(cluster) {
            let token = self.calls.token();
            let root = Place {
                context: self.root_of(place),
                ..place
            };
            self.actions.push_back(Action::GrpcClosed(root, token));
            return Err(Status::INTERNAL_FAILURE);
        }
        Ok(self.made(place, cluster, asked, timeout))
    }

    fn made(&mut self, place: Place, cluster: &str, asked: Asked, timeout: Duration) -> u32 {
        if place.worker == CANARY {
            self.problem(place, "calls out while a configuration is only being tried");
        }
        let token = self.calls.token();
        self.calls.push(Call {
            worker: place.worker,
            root: self.root_of(place),
            token,
            cluster: cluster.to_owned(),
            asked,
            deadline: (!timeout.is_zero()).then(|| self.now.saturating_add(timeout)),
            open: true,
        });
        token
    }

    /// Gives a gRPC call up.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none of this number.
    pub fn grpc_cancel(&mut self, place: Place, token: u32) -> Result<(), Status> {
        self.faults.meet("proxy_grpc_cancel")?;
        self.calls.cancel(place, token)
    }

    /// Why the last call-out ended as it did: a number and a text.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn call_status(&mut self) -> Result<(u32, String), Status> {
        self.faults.meet("proxy_get_status")?;
        Ok(self.arrived.status.clone())
    }

    /// Calls a foreign function.
    ///
    /// # Errors
    ///
    /// `NotFound` when the proxy does not have it; whatever it answers otherwise.
    pub fn call_foreign(
        &mut self,
        place: Place,
        name: &str,
        argument: &[u8],
    ) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_call_foreign_function")?;
        match self.foreign.call(name, argument)? {
            Effect::Answer(answer) => return Ok(answer),
            Effect::FilterState(path, value, span) => {
                let stream = self.streams.get_mut(&place).ok_or(Status::NOT_FOUND)?;
                stream.filter_state.insert(path, (value, span));
            }
            Effect::ClearRouteCache => {
                let stream = self.streams.get_mut(&place).ok_or(Status::BAD_ARGUMENT)?;
                stream.routes_cleared = stream.routes_cleared.saturating_add(1);
                if stream.request.at == At::Passing {
                    self.problem(
                        place,
                        "chooses the route again after the request was sent on",
                    );
                }
            }
        }
        Ok(Vec::new())
    }
}
