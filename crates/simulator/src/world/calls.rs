//! Call-outs that a module made, in order, and what came back.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Place;
use crate::fields::Fields;
use crate::status::Status;

/// A call-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who made it. The answer goes to the root context of this worker and configuration.
    pub worker: usize,
    /// The root context.
    pub root: u32,
    /// The number by which the module knows it.
    pub token: u32,
    /// Where it goes.
    pub cluster: String,
    /// What is asked.
    pub asked: Asked,
    /// When the proxy gives up.
    pub deadline: Option<Duration>,
    /// Whether it still waits for an answer.
    pub open: bool,
}

/// What a call asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An HTTP request.
    Http {
        /// Its headers.
        headers: Fields,
        /// Its body.
        body: Vec<u8>,
    },
    /// A unary gRPC call.
    Grpc {
        /// Full name of the service.
        service: String,
        /// Name of the method.
        method: String,
        /// Metadata.
        metadata: Fields,
        /// The request message, encoded.
        message: Vec<u8>,
    },
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// An HTTP response.
    Http {
        /// Its headers.
        headers: Fields,
        /// Its body.
        body: Vec<u8>,
    },
    /// The response message of a gRPC call, with status OK.
    Grpc(Vec<u8>),
    /// The gRPC call ended with this status.
    GrpcStatus(u32),
    /// Nothing. As Envoy does, the proxy then answers an HTTP call itself, with 503, or with 504 after its time; a gRPC
    /// call ends with `Unavailable` either way.
    Nothing,
    /// The beginning of an answer, which then breaks off or is too large. The module learns that there is none.
    Broken,
}

/// All call-outs.
#[derive(Debug)]
pub struct Calls {
    made: Vec<Call>,
    clusters: Option<BTreeSet<String>>,
    next_token: u32,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            made: Vec::new(),
            clusters: None,
            next_token: 1,
        }
    }
}

impl Calls {
    /// Lets the proxy know these clusters only; at first it knows any.
    pub fn know(&mut self, clusters: impl IntoIterator<Item = String>) {
        self.clusters = Some(clusters.into_iter().collect());
    }

    pub(crate) fn knows(&self, cluster: &str) -> bool {
        self.clusters
            .as_ref()
            .is_none_or(|known| known.contains(cluster))
    }

    /// Every call that was ever made, in order.
    #[must_use]
    pub fn made(&self) -> &[Call] {
        &self.made
    }

    /// Which call has waited longest.
    #[must_use]
    pub fn oldest_open(&self) -> Option<usize> {
        self.made.iter().position(|call| call.open)
    }

    /// Which open call must be given up first, and when.
    pub(crate) fn next_deadline(&self) -> Option<(Duration, usize)> {
        let open = self.made.iter().enumerate().filter(|(_, call)| call.open);
        open.filter_map(|(index, call)| Some((call.deadline?, index)))
            .min()
    }

    /// A number that no call has yet. As in Envoy those of gRPC calls and of HTTP calls differ.
    pub(crate) fn token(&mut self) -> u32 {
        let token = self.next_token;
        self.next_token = self.next_token.checked_add(1).unwrap_or(1);
        token
    }

    pub(crate) fn push(&mut self, call: Call) {
        self.made.push(call);
    }

    pub(crate) fn close(&mut self, index: usize) {
        if let Some(call) = self.made.get_mut(index) {
            call.open = false;
        }
    }

    /// Closes the gRPC call `token` of this place; the module gave it up.
    pub(crate) fn cancel(&mut self, place: Place, token: u32) -> Result<(), Status> {
        let own =
            |call: &&mut Call| call.open && call.token == token && call.worker == place.worker;
        let call = self.made.iter_mut().find(own).ok_or(Status::NOT_FOUND)?;
        call.open = false;
        Ok(())
    }

    /// Closes every call of a worker, whose VM ended.
    pub(crate) fn forget(&mut self, worker: usize) {
        for call in self.made.iter_mut().filter(|call| call.worker == worker) {
            call.open = false;
        }
    }
}
