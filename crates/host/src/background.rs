//! Ticks, calls and their answers.

use std::time::Duration;

use filter::call::Message;
use filter::{
    Answer, Background, Call, CallError, Headers, HostError, Level, Next, Plugin, Resumed, Role,
    lease, shared,
};
use proxy_wasm::types::{BufferType, MapType};

use crate::abi::{self, GrpcCall, HttpCall};
use crate::live::{self, Live, Place};
use crate::pairs;
use crate::root::Root;
use crate::settle::{Action, When};
use crate::vm::{Caller, Vm, decide_body};

/// How many ticks a leader may miss before another worker takes over.
const MISSED_TICKS: u32 = 3;

impl<P: Plugin> Vm<P> {
    /// `proxy_on_tick` of root context `root`.
    pub fn tick(&mut self, root: u32) {
        let Some(configured) = self.roots.get_mut(&root) else {
            return;
        };
        let role = elect(configured);
        let background = configured
            .plugin
            .on_tick(role, &mut Live::new(&configured.names, Place::Request));
        self.background(root, background);
    }

    /// `proxy_on_http_call_response`. A call that failed comes without headers.
    pub fn http_call_response(&mut self, token: u32, headers: u32, body: u32) {
        let answer = if headers == 0 {
            Err(CallError::NoAnswer)
        } else {
            http_answer(body)
        };
        self.answered(token, answer);
    }

    /// `proxy_on_grpc_receive`.
    pub fn grpc_receive(&mut self, token: u32, size: u32) {
        let message = usize::try_from(size)
            .ok()
            .and_then(|size| abi::get_buffer(BufferType::GrpcReceiveBuffer, 0, size).ok());
        self.answered(
            token,
            message
                .map(|message| Answer::Grpc { message })
                .ok_or(CallError::NoAnswer),
        );
    }

    /// `proxy_on_grpc_close`. After an answer the call is already forgotten.
    pub fn grpc_close(&mut self, token: u32, status: u32) {
        self.answered(token, Err(CallError::Grpc(status)));
    }

    fn answered(&mut self, token: u32, answer: Result<Answer, CallError>) {
        match self.calls.remove(&token) {
            Some(Caller::Stream(context)) => {
                if let Some(place) = self.streams.waits_for(context, token) {
                    self.resume(context, place, Resumed::Answered(answer));
                }
            }
            Some(Caller::Root(root, own)) => {
                if let Some(configured) = self.roots.get_mut(&root) {
                    let background = configured.plugin.on_answer(
                        own,
                        answer,
                        &mut Live::new(&configured.names, Place::Request),
                    );
                    self.background(root, background);
                }
            }
            None => {}
        }
    }

    fn resume(&mut self, context: u32, place: Place, resumed: Resumed) {
        if let Err(error) = abi::set_effective_context(context) {
            return live::log(
                Level::Error,
                &format!("a request that waited cannot go on, since {error}"),
            );
        }
        let stream = self.streams.go_on(context, place);
        let Some(root) = self
            .streams
            .root_of(context)
            .and_then(|root| self.roots.get_mut(&root))
        else {
            return;
        };
        let outcome = root
            .plugin
            .on_resume(stream, resumed, &mut Live::new(&root.names, place));
        let buffers = matches!(outcome.next, Next::Buffer(_));
        let action = self.settle(context, place, outcome, When::Later);
        if buffers && action == Action::Pause {
            self.show_missed(context, place);
        }
    }

    /// The plugin wants to see the next part of the body, and that came while it waited.
    fn show_missed(&mut self, context: u32, place: Place) {
        let Some(end) = self.streams.missed(context, place) else {
            return;
        };
        let stream = self.streams.take(context);
        let Some(root) = self
            .streams
            .root_of(context)
            .and_then(|root| self.roots.get_mut(&root))
        else {
            return;
        };
        let mut live = Live::new(&root.names, place);
        let outcome = decide_body(&mut root.plugin, stream, &mut live, end);
        self.settle(context, place, outcome, When::Later);
    }

    /// Carries out what background work asked for. A call that the proxy refuses is answered at once, and what that
    /// answer asks for waits for the next tick: that bounds the work of one tick.
    fn background(&mut self, root: u32, background: Background) {
        let mut wake = background.wake;
        for (own, call) in background.calls {
            match dispatch(&call) {
                Ok(token) => {
                    self.calls.insert(token, Caller::Root(root, own));
                }
                Err(error) => wake |= self.background_refused(root, own, call, error),
            }
        }
        let now = abi::now().ok().map(Duration::from_nanos);
        for (context, place, late) in self.streams.due(root, now, wake) {
            self.resume(
                context,
                place,
                if late { Resumed::Late } else { Resumed::Woken },
            );
        }
        // A root context that is no longer there needs nothing more from this callback.
        let _gone = abi::set_effective_context(root);
    }

    fn background_refused(&mut self, root: u32, own: u32, call: Call, error: HostError) -> bool {
        let Some(configured) = self.roots.get_mut(&root) else {
            return false;
        };
        let refused = CallError::Refused {
            cluster: call.cluster,
            status: error.status,
        };
        let next = configured.plugin.on_answer(
            own,
            Err(refused),
            &mut Live::new(&configured.names, Place::Request),
        );
        if !next.calls.is_empty() {
            live::log(
                Level::Warn,
                "the proxy refused a background call; what the plugin asks for in its place is left for its next tick to ask again",
            );
        }
        next.wake
    }
}

/// Makes a call and gives its token.
pub(crate) fn dispatch(call: &Call) -> Result<u32, HostError> {
    let timeout = u32::try_from(call.timeout.as_millis())
        .unwrap_or(u32::MAX)
        .max(1);
    match &call.message {
        Message::Http { headers, body } => {
            let headers = encode(headers)?;
            abi::http_call(&HttpCall {
                cluster: &call.cluster,
                headers: &headers,
                body,
                timeout,
            })
        }
        Message::Grpc {
            service,
            method,
            message,
        } => abi::grpc_call(&GrpcCall {
            target: &abi::grpc_service(&call.cluster),
            service,
            method,
            message,
            timeout,
        }),
    }
}

fn encode(headers: &Headers) -> Result<Vec<u8>, HostError> {
    let pairs: Vec<_> = headers.iter().collect();
    pairs::encode(pairs.into_iter()).ok_or(HostError {
        call: "proxy_http_call",
        status: 2,
    })
}

fn http_answer(body: u32) -> Result<Answer, CallError> {
    let headers = abi::get_pairs(MapType::HttpCallResponseHeaders)
        .ok()
        .and_then(pairs::decode)
        .ok_or(CallError::NoAnswer)?;
    let size = usize::try_from(body).map_err(|_| CallError::NoAnswer)?;
    let body = if size == 0 {
        Vec::new()
    } else {
        abi::get_buffer(BufferType::HttpCallResponseBody, 0, size)
            .map_err(|_| CallError::NoAnswer)?
    };
    Ok(Answer::Http { headers, body })
}

/// Whether this worker does the proxy's background work. Without a clock or shared data nobody can be elected, and
/// work done by every worker is better than work done by none.
fn elect<P: Plugin>(configured: &Root<P>) -> Role {
    let Some(period) = configured.plugin.tick_period() else {
        return Role::Follower;
    };
    let ttl = period.saturating_mul(MISSED_TICKS);
    let mut live = Live::new(&configured.names, Place::Request);
    let Ok(now) = abi::now().map(Duration::from_nanos) else {
        return Role::Leader;
    };
    match shared::update(&mut live, lease::SLOT, |old| {
        lease::step(old, configured.me, now, ttl)
    }) {
        Ok(true) | Err(shared::SharedError::Host(_)) => Role::Leader,
        Ok(false) | Err(shared::SharedError::Contended) => Role::Follower,
    }
}
