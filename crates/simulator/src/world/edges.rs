//! The other host calls.

use super::{Action, Asked, At, Call, Kind, Line, LocalReply, Place, Stream, Timer, World};
use crate::fields::Fields;
use crate::status::Status;
use crate::world::CANARY;
use crate::world::foreign::Effect;
use std::time::Duration;

/// A half of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The request.
    Request,
    /// The response.
    Response,
}

/// A buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// The body of a half.
    Body(Half),
    /// The body of a call-out's answer.
    AnswerBody,
    /// The message of a gRPC call-out's answer.
    AnswerMessage,
    /// The configuration, while it is being handed over.
    Configuration,
    /// A buffer that is always empty here.
    Empty,
}

impl Buffer {
    /// The buffer of the ABI's number.
    #[must_use]
    pub const fn from_abi(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Body(Half::Request)),
            1 => Some(Self::Body(Half::Response)),
            4 => Some(Self::AnswerBody),
            5 => Some(Self::AnswerMessage),
            7 => Some(Self::Configuration),
            2 | 3 | 6 | 8 => Some(Self::Empty),
            _ => None,
        }
    }
}

impl World {
    /// Writes a line to the log.
    ///
    /// # Errors
    ///
    /// `BadArgument` for a level that there is not.
    pub fn write(&mut self, place: Place, level: u32, text: String) -> Result<(), Status> {
        self.faults.meet("proxy_log")?;
        if level > 5 {
            return Err(Status::BAD_ARGUMENT);
        }
        self.log.push(Line {
            worker: place.worker,
            level,
            text,
        });
        Ok(())
    }

    /// The time.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn clock(&mut self) -> Result<Duration, Status> {
        self.faults.meet("proxy_get_current_time_nanoseconds")?;
        Ok(self.now)
    }

    /// Has a configuration tick on its worker; a period of 0 ends that.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn set_tick_period(&mut self, place: Place, period: Duration) -> Result<(), Status> {
        self.faults.meet("proxy_set_tick_period_milliseconds")?;
        let root = Place {
            context: self.root_of(place),
            ..place
        };
        if period.is_zero() {
            self.timers.remove(&root);
        } else {
            let next = self.now.saturating_add(period);
            self.timers.insert(root, Timer { period, next });
        }
        Ok(())
    }

    /// At most `limit` bytes of a buffer from byte `start`.
    ///
    /// # Errors
    ///
    /// `BadArgument` when `start + limit` overflows.
    pub fn buffer(
        &mut self,
        place: Place,
        which: Buffer,
        start: u32,
        limit: u32,
    ) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_get_buffer_bytes")?;
        let end = start.checked_add(limit).ok_or(Status::BAD_ARGUMENT)?;
        let bytes: &[u8] = match which {
            Buffer::Body(half) => match self.streams.get(&place).map(|stream| stream.half(half)) {
                Some(message) if message.body_visible => &message.body,
                Some(_) | None => &[],
            },
            Buffer::AnswerBody => &self.arrived.body,
            Buffer::AnswerMessage => &self.arrived.message,
            Buffer::Configuration => &self.configuration,
            Buffer::Empty => &[],
        };
        let end = index(end).min(bytes.len());
        Ok(bytes.get(index(start)..end).unwrap_or_default().to_vec())
    }

    /// Puts `bytes` into the body at hand: before it (`start` and `length` 0), in its place (`length` its length), or
    /// after it (`start` its length).
    ///
    /// # Errors
    ///
    /// `BadArgument` for any other place, and for a buffer that cannot be changed now.
    pub fn set_buffer(
        &mut self,
        place: Place,
        half: Half,
        range: (u32, u32),
        bytes: &[u8],
    ) -> Result<(), Status> {
        self.faults.meet("proxy_set_buffer_bytes")?;
        let stream = self.streams.get_mut(&place).ok_or(Status::BAD_ARGUMENT)?;
        let message = stream.half_mut(half);
        if !message.body_visible {
            return Err(Status::BAD_ARGUMENT);
        }
        let (start, length) = (index(range.0), index(range.1));
        let body = &mut message.body;
        match start {
            0 => {
                let kept = body.get(length..).unwrap_or_default().to_vec();
                *body = [bytes, &kept].concat();
                Ok(())
            }
            start if start >= body.len() => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    /// A property of the stream.
    ///
    /// # Errors
    ///
    /// `NotFound` when it has none of this path.
    pub fn property(&mut self, place: Place, path: &str) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_get_property")?;
        let stream = self.streams.get(&place);
        let said = stream.and_then(|stream| stream.property(path));
        match path {
            "plugin_name" => Ok(self.plugin_name.clone().into_bytes()),
            "plugin_root_id" | "plugin_vm_id" => Ok(Vec::new()),
            _ => said.ok_or(Status::NOT_FOUND),
        }
    }

    /// Sets a property of the stream, which others read as `wasm.` and its path.
    ///
    /// # Errors
    ///
    /// `NotFound` outside a stream.
    pub fn set_property(&mut self, place: Place, path: &str, value: &[u8]) -> Result<(), Status> {
        self.faults.meet("proxy_set_property")?;
        let stream = self.streams.get_mut(&place).ok_or(Status::NOT_FOUND)?;
        stream
            .own_properties
            .insert(path.to_owned(), value.to_vec());
        Ok(())
    }

    /// Bytes of shared data and their version.
    ///
    /// # Errors
    ///
    /// `NotFound` for a key that was never set.
    pub fn shared_get(&mut self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        self.faults.meet("proxy_get_shared_data")?;
        self.shared
            .get(key)
            .map(|(bytes, version)| (bytes.to_vec(), version))
    }

    /// Sets shared data.
    ///
    /// # Errors
    ///
    /// `CasMismatch` when the key exists with another version than this, unless it is 0.
    pub fn shared_set(&mut self, key: &str, bytes: &[u8], version: u32) -> Result<(), Status> {
        self.faults.meet("proxy_set_shared_data")?;
        self.shared.set(key, bytes, version)
    }

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

    /// Defines a metric and gives the number by which it is used.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn define_metric(&mut self, kind: Kind, name: &str) -> Result<u32, Status> {
        self.faults.meet("proxy_define_metric")?;
        Ok(self.metrics.define(kind, name))
    }

    /// Adds to a counter or gauge.
    ///
    /// # Errors
    ///
    /// `NotFound` for a metric that nobody defined, `BadArgument` for a counter that would shrink, and for a histogram.
    pub fn increment_metric(&mut self, id: u32, offset: i64) -> Result<(), Status> {
        self.faults.meet("proxy_increment_metric")?;
        self.metrics.increment(id, offset)
    }

    /// Sets a gauge, records a value of a histogram, adds to a counter.
    ///
    /// # Errors
    ///
    /// `NotFound` for a metric that nobody defined.
    pub fn record_metric(&mut self, id: u32, number: u64) -> Result<(), Status> {
        self.faults.meet("proxy_record_metric")?;
        self.metrics.record(id, number)
    }

    /// The value of a counter or gauge.
    ///
    /// # Errors
    ///
    /// `NotFound` for a metric that nobody defined, `BadArgument` for a histogram.
    pub fn read_metric(&mut self, id: u32) -> Result<u64, Status> {
        self.faults.meet("proxy_get_metric")?;
        self.metrics.read(id)
    }

    /// Random bytes.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn fill_random(&mut self, bytes: &mut [u8]) -> Result<(), Status> {
        self.faults.meet("random_get")?;
        self.random.fill(bytes);
        Ok(())
    }

    /// Registers a shared queue.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn register_queue(&mut self, place: Place, name: &str) -> Result<u32, Status> {
        self.faults.meet("proxy_register_shared_queue")?;
        let owner = Place {
            context: self.root_of(place),
            ..place
        };
        Ok(self.queues.register(name, owner))
    }

    /// The number of a shared queue.
    ///
    /// # Errors
    ///
    /// `NotFound` for one that nobody registered.
    pub fn resolve_queue(&mut self, name: &str) -> Result<u32, Status> {
        self.faults.meet("proxy_resolve_shared_queue")?;
        self.queues.resolve(name)
    }

    /// Takes the first item of a shared queue.
    ///
    /// # Errors
    ///
    /// `NotFound` without such a queue, `Empty` without an item.
    pub fn dequeue(&mut self, token: u32) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_dequeue_shared_queue")?;
        self.queues.dequeue(token)
    }

    /// Appends an item to a shared queue.
    ///
    /// # Errors
    ///
    /// `NotFound` without such a queue.
    pub fn enqueue(&mut self, token: u32, item: &[u8]) -> Result<(), Status> {
        self.faults.meet("proxy_enqueue_shared_queue")?;
        let owner = self.queues.enqueue(token, item)?;
        self.actions.push_back(Action::QueueReady(owner, token));
        Ok(())
    }
}

impl Stream {
    fn property(&self, path: &str) -> Option<Vec<u8>> {
        let asked = |name| self.request.fields.first(name).map(<[u8]>::to_vec);
        match (
            self.properties
                .get(path)
                .or_else(|| self.own_properties.get(path)),
            path,
        ) {
            (Some(said), _) => Some(said.clone()),
            (None, "request\0path") => asked(":path"),
            (None, "request\0method") => asked(":method"),
            (None, "request\0host") => asked(":authority"),
            (None, "response\0code_details") => Some(self.details.clone()?.into_bytes()),
            (None, "response\0code") => {
                let status = std::str::from_utf8(self.response.fields.first(":status")?).ok()?;
                Some(status.parse::<u64>().ok()?.to_le_bytes().to_vec())
            }
            (None, _) => None,
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
