//! A scenario as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::expected::{CallExpected, Expect, LogsExpected};
use super::value::{Bytes, Time};

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, as a sentence.
    pub name: String,
    /// The plugin's configuration.
    pub config: Option<serde_json::Value>,
    /// The configuration as text, for what is no JSON or has a field twice.
    pub config_text: Option<String>,
    /// The mistakes for which the configuration is refused, all of them, in order.
    pub refused: Option<Vec<String>>,
    /// Why only the simulator can show it; it is not run in a real proxy then.
    pub simulated: Option<String>,
    /// How many workers the proxy has; 1 unless said.
    pub workers: Option<usize>,
    /// Where the random source starts; 0 unless said.
    pub seed: Option<u64>,
    /// What happens, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The configurations that it expects to be taken.
    pub(super) fn configurations(&self) -> Vec<Vec<u8>> {
        let first = self.config.as_ref().filter(|_| self.refused.is_none());
        let later = self.steps.iter().filter(|step| step.refused.is_none());
        let all = first
            .into_iter()
            .chain(later.filter_map(|step| step.configure.as_ref()));
        all.filter_map(|written| serde_json::to_vec(written).ok())
            .collect()
    }
}

/// A step: time that goes by, one thing that happens, what is expected then.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Time since the scenario began, to which the clock is moved first.
    pub at: Option<Time>,
    /// Time that goes by first.
    pub after: Option<Time>,

    /// A request comes.
    pub request: Option<RequestStep>,
    /// A part of a request's body comes.
    pub request_body: Option<BodyStep>,
    /// The trailers of a request come.
    pub request_trailers: Option<TrailersStep>,
    /// A response comes.
    pub response: Option<ResponseStep>,
    /// A part of a response's body comes.
    pub response_body: Option<BodyStep>,
    /// The trailers of a response come.
    pub response_trailers: Option<TrailersStep>,
    /// Ends a stream, by its name: it is logged.
    pub finish: Option<String>,
    /// Ticks once on this worker.
    pub tick: Option<usize>,
    /// A call-out is answered.
    pub answer: Option<AnswerStep>,
    /// A host call begins to fail.
    pub fault: Option<FaultStep>,
    /// Lets every host call work again.
    pub mend: Option<bool>,
    /// Races for shared data will be lost.
    pub race: Option<RaceStep>,
    /// The clusters that the proxy knows from now on; at first it knows any.
    pub clusters: Option<Vec<String>>,
    /// What foreign functions the proxy has from now on.
    pub foreign: Option<BTreeMap<String, ForeignStep>>,
    /// Another configuration, in place of the one before.
    pub configure: Option<serde_json::Value>,
    /// Gives this worker a new VM.
    pub restart: Option<usize>,

    /// How often the request is sent, each time answered with 200 and ended.
    pub repeat: Option<u32>,
    /// Time between the repetitions.
    pub every: Option<Time>,
    /// What is expected of the request or response of this step.
    pub expect: Option<Expect>,
    /// What is expected of other streams, by name.
    #[serde(rename = "then")]
    pub others: BTreeMap<String, Expect>,
    /// Mistakes for which the configuration of this step is refused.
    pub refused: Option<Vec<String>>,
    /// The call-outs made since they were last asked for, in order.
    pub calls: Option<Vec<CallExpected>>,
    /// Values of metrics; `null` for one that does not exist.
    pub metrics: BTreeMap<String, Option<u64>>,
    /// What the log says since it was last asked for.
    pub logs: Option<LogsExpected>,
    /// How many keys there are in shared data.
    pub shared_keys: Option<usize>,
}

/// A request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestStep {
    /// The name by which later steps mean its stream.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// The worker that takes it.
    pub worker: usize,
    /// `GET` unless said.
    pub method: Option<String>,
    /// `/` unless said.
    pub path: Option<Bytes>,
    /// `example.com` unless said.
    pub host: Option<Bytes>,
    /// Further headers, in order.
    pub headers: Vec<(String, Bytes)>,
    /// `IP` or `IP:port` of the client.
    pub source: Option<String>,
    /// Properties of the stream, by their paths with dots.
    pub properties: BTreeMap<String, Bytes>,
    /// Its body, at once.
    pub body: Option<Bytes>,
    /// Its trailers, in order; an empty list for a message without.
    pub trailers: Vec<(String, Bytes)>,
    /// The body comes in later steps.
    pub open: bool,
}

/// A response of the upstream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseStep {
    /// The stream; the newest unless said.
    pub of: Option<String>,
    /// 200 unless said.
    pub status: Option<u16>,
    /// Headers, in order.
    pub headers: Vec<(String, Bytes)>,
    /// Properties that the stream has from now on.
    pub properties: BTreeMap<String, Bytes>,
    /// Its body, at once.
    pub body: Option<Bytes>,
    /// Its trailers, in order; an empty list for a message without.
    pub trailers: Vec<(String, Bytes)>,
    /// The body comes in later steps.
    pub open: bool,
}

/// Trailers, which end a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrailersStep {
    /// The stream; the newest unless said.
    pub of: Option<String>,
    /// What comes, in order.
    pub fields: Vec<(String, Bytes)>,
}

/// A part of a body.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyStep {
    /// The stream; the newest unless said.
    pub of: Option<String>,
    /// What comes.
    pub bytes: Bytes,
    /// Whether it is the last part.
    #[serde(default)]
    pub end: bool,
}

/// What comes back from a call-out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerStep {
    /// Its number, from 0; the oldest open one unless said.
    pub call: Option<usize>,
    /// 200 unless said.
    pub status: Option<u16>,
    /// Headers, in order.
    pub headers: Vec<(String, Bytes)>,
    /// Its body.
    pub body: Option<Bytes>,
    /// The message of a gRPC call.
    pub message: Option<Bytes>,
    /// The status with which a gRPC call ends.
    pub grpc_status: Option<u32>,
    /// Nothing comes back.
    pub fails: bool,
}

/// A host call that fails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultStep {
    /// By the name that the ABI gives it.
    pub call: String,
    /// The status that it answers with.
    pub status: u32,
    /// How often; until `mend` unless said.
    pub times: Option<u32>,
}

/// Races for shared data that are lost.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaceStep {
    /// How many.
    pub lost: u32,
    /// What the winner leaves there; what was there unless said.
    pub winner: Option<Bytes>,
    /// Part of the keys that are raced for; all unless said.
    #[serde(default)]
    pub key: String,
}

/// What a foreign function does.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignStep {
    /// It is not there.
    Absent,
    /// It does what Envoy's does.
    Present,
    /// It says that every signature is valid.
    Valid,
    /// It says that no signature is.
    Invalid,
    /// It fails.
    Status(u32),
}
