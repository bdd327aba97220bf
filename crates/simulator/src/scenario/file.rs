//! A scenario as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::value::{Bytes, Time};

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, as a sentence.
    pub name: String,
    /// The plugin's configuration.
    pub(super) config: Option<serde_json::Value>,
    /// The configuration as text, for what is no JSON or has a field twice.
    pub(super) config_text: Option<String>,
    /// The mistakes for which the configuration is refused, all of them, in order.
    pub(super) refused: Option<Vec<String>>,
    /// How many workers the proxy has; 1 unless said.
    pub(super) workers: Option<usize>,
    /// Where the random source starts; 0 unless said.
    pub(super) seed: Option<u64>,
    /// What happens, in order.
    #[serde(default)]
    pub(super) steps: Vec<Step>,
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
pub(super) struct Step {
    /// Time since the scenario began, to which the clock is moved first.
    pub(super) at: Option<Time>,
    /// Time that goes by first.
    pub(super) after: Option<Time>,

    pub(super) request: Option<RequestStep>,
    pub(super) request_body: Option<BodyStep>,
    pub(super) response: Option<ResponseStep>,
    pub(super) response_body: Option<BodyStep>,
    /// Ends a stream, by its name: it is logged.
    pub(super) finish: Option<String>,
    /// Ticks once on this worker.
    pub(super) tick: Option<usize>,
    pub(super) answer: Option<AnswerStep>,
    pub(super) fault: Option<FaultStep>,
    /// Lets every host call work again.
    pub(super) mend: Option<bool>,
    pub(super) race: Option<RaceStep>,
    /// The clusters that the proxy knows from now on; at first it knows any.
    pub(super) clusters: Option<Vec<String>>,
    /// What foreign functions the proxy has from now on.
    pub(super) foreign: Option<BTreeMap<String, ForeignStep>>,
    /// Another configuration, in place of the one before.
    pub(super) configure: Option<serde_json::Value>,
    /// Gives this worker a new VM.
    pub(super) restart: Option<usize>,

    /// How often the request is sent, each time answered with 200 and ended.
    pub(super) repeat: Option<u32>,
    /// Time between the repetitions.
    pub(super) every: Option<Time>,
    /// What is expected of the request or response of this step.
    pub(super) expect: Option<Expect>,
    /// What is expected of other streams, by name.
    #[serde(rename = "then")]
    pub(super) others: BTreeMap<String, Expect>,
    /// Mistakes for which the configuration of this step is refused.
    pub(super) refused: Option<Vec<String>>,
    /// The call-outs made since they were last asked for, in order.
    pub(super) calls: Option<Vec<CallExpected>>,
    /// Values of metrics; `null` for one that does not exist.
    pub(super) metrics: BTreeMap<String, Option<u64>>,
    /// What the log says since it was last asked for.
    pub(super) logs: Option<LogsExpected>,
    /// How many keys there are in shared data.
    pub(super) shared_keys: Option<usize>,
}

/// A request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RequestStep {
    /// The name by which later steps mean its stream.
    #[serde(rename = "as")]
    pub(super) name: Option<String>,
    pub(super) worker: usize,
    pub(super) method: Option<String>,
    pub(super) path: Option<Bytes>,
    pub(super) host: Option<Bytes>,
    pub(super) headers: Vec<(String, Bytes)>,
    /// `IP` or `IP:port` of the client.
    pub(super) source: Option<String>,
    pub(super) properties: BTreeMap<String, Bytes>,
    pub(super) body: Option<Bytes>,
    /// The body comes in later steps.
    pub(super) open: bool,
}

/// A response of the upstream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ResponseStep {
    /// The stream; the newest unless said.
    pub(super) of: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<(String, Bytes)>,
    pub(super) properties: BTreeMap<String, Bytes>,
    pub(super) body: Option<Bytes>,
    /// The body comes in later steps.
    pub(super) open: bool,
}

/// A part of a body.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyStep {
    /// The stream; the newest unless said.
    pub(super) of: Option<String>,
    pub(super) bytes: Bytes,
    /// Whether it is the last part.
    #[serde(default)]
    pub(super) end: bool,
}

/// What comes back from a call-out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AnswerStep {
    /// Its number, from 0; the oldest open one unless said.
    pub(super) call: Option<usize>,
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<(String, Bytes)>,
    pub(super) body: Option<Bytes>,
    /// The message of a gRPC call.
    pub(super) message: Option<Bytes>,
    /// The status with which a gRPC call ends.
    pub(super) grpc_status: Option<u32>,
    /// Nothing comes back.
    pub(super) fails: bool,
}

/// A host call that fails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultStep {
    /// By the name that the ABI gives it.
    pub(super) call: String,
    pub(super) status: u32,
    /// How often; until `mend` unless said.
    pub(super) times: Option<u32>,
}

/// Races for shared data that are lost.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RaceStep {
    /// How many.
    pub(super) lost: u32,
    /// What the winner leaves there; what was there unless said.
    pub(super) winner: Option<Bytes>,
    /// Part of the keys that are raced for; all unless said.
    #[serde(default)]
    pub(super) key: String,
}

/// What a foreign function does.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ForeignStep {
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

/// What is expected of a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expect {
    Word(Word),
    Passes(Passes),
    Replies(Replies),
    Counts(Counts),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Continue,
    Waiting,
    Reset,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Passes {
    #[serde(rename = "continue")]
    pub(super) message: MessageExpected,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replies {
    pub(super) reply: ReplyExpected,
}

/// How many of the repetitions passed, and how many were replied to, each as `reply` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    pub(super) admitted: u32,
    pub(super) refused: u32,
    pub(super) reply: Option<ReplyExpected>,
}

/// Headers: for each name its value, its values, or `null` when it must not be there. Others are not looked at.
pub(super) type HeadersExpected = BTreeMap<String, Option<Values>>;

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Values {
    One(Bytes),
    Several(Vec<Bytes>),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MessageExpected {
    pub(super) headers: HeadersExpected,
    pub(super) body: Option<Bytes>,
    /// Filter state objects that the plugin set.
    pub(super) filter_state: BTreeMap<String, String>,
    /// How often the route was chosen again.
    pub(super) routes_cleared: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReplyExpected {
    pub(super) status: Option<u16>,
    pub(super) headers: HeadersExpected,
    pub(super) body: Option<Bytes>,
    pub(super) grpc_status: Option<u32>,
    pub(super) details: Option<String>,
}

/// A call-out that was made. What is not said is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CallExpected {
    pub(super) cluster: Option<String>,
    /// Method of an HTTP request, or of a gRPC service.
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) service: Option<String>,
    pub(super) headers: HeadersExpected,
    /// Body of an HTTP request, or message of a gRPC call.
    pub(super) body: Option<Bytes>,
}

/// What the log says.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum LogsExpected {
    With(Vec<String>),
    Both(LogsBoth),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LogsBoth {
    pub(super) with: Vec<String>,
    pub(super) without: Vec<String>,
}
