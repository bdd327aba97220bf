//! What a scenario expects, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::value::Bytes;

/// What is expected of a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Expect {
    /// In a word.
    Word(Word),
    /// That it passes, and how.
    Passes(Passes),
    /// That the proxy replies, and how.
    Replies(Replies),
    /// How many of the repetitions passed.
    Counts(Counts),
}

/// What is expected, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// That it passes.
    Continue,
    /// That it is held.
    Waiting,
    /// That the connection breaks.
    Reset,
}

/// That a message passes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passes {
    /// What passes.
    #[serde(rename = "continue")]
    pub message: MessageExpected,
}

/// That the proxy replies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replies {
    /// The reply.
    pub reply: ReplyExpected,
}

/// How many of the repetitions passed, and how many were replied to, each as `reply` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// How many passed.
    pub admitted: u32,
    /// How many were replied to.
    pub refused: u32,
    /// What each of those is.
    pub reply: Option<ReplyExpected>,
}

/// Headers: for each name its value, its values, or `null` when it must not be there. Others are not looked at.
pub type HeadersExpected = BTreeMap<String, Option<Values>>;

/// The values of a header.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// It stands there once.
    One(Bytes),
    /// It stands there so often, in this order.
    Several(Vec<Bytes>),
}

/// What passes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageExpected {
    /// Its headers.
    pub headers: HeadersExpected,
    /// Its body.
    pub body: Option<Bytes>,
    /// Its trailers.
    pub trailers: HeadersExpected,
    /// Filter state objects that the plugin set.
    pub filter_state: BTreeMap<String, String>,
    /// How often the route was chosen again.
    pub routes_cleared: Option<u32>,
}

/// What a client sees of a reply.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplyExpected {
    /// The HTTP status.
    pub status: Option<u16>,
    /// Its headers.
    pub headers: HeadersExpected,
    /// Its body.
    pub body: Option<Bytes>,
    /// The gRPC status that a gRPC client sees.
    pub grpc_status: Option<u32>,
    /// The response code details.
    pub details: Option<String>,
}

/// A call-out that was made. What is not said is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallExpected {
    /// Where it goes.
    pub cluster: Option<String>,
    /// Method of an HTTP request, or of a gRPC service.
    pub method: Option<String>,
    /// Path of an HTTP request.
    pub path: Option<String>,
    /// Full name of a gRPC service.
    pub service: Option<String>,
    /// Headers of an HTTP request, or metadata.
    pub headers: HeadersExpected,
    /// Body of an HTTP request, or message of a gRPC call.
    pub body: Option<Bytes>,
}

/// What the log says.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum LogsExpected {
    /// These texts.
    With(Vec<String>),
    /// These texts, and not those.
    Both(LogsBoth),
}

/// Texts of the log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogsBoth {
    /// Texts that must stand in some line.
    pub with: Vec<String>,
    /// Texts that must stand in none.
    pub without: Vec<String>,
}
