//! Flags for sizes: of istiod, of gateways, of sidecars.

use super::notation::{amounts, replicas};
use super::settings::Settings;
use clap::Args;
use serde_json::Value;

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Sizes, instead of or over a file")]
pub(super) struct SizeFlags {
    /// S50P200, S200P1000, S500P2000, S2000P8000 or S5000P20000: services and pods [default: the charts' figures]
    #[arg(long)]
    scale: Option<String>,
    /// Two instances or more of istiod and of each gateway
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    high_availability: Option<bool>,
    /// What istiod is sure to get, in place of --scale
    #[arg(long, value_name = "cpu=A,memory=A", value_parser = amounts)]
    istiod_requests: Option<Value>,
    /// What istiod may take at most
    #[arg(long, value_name = "cpu=A,memory=A", value_parser = amounts)]
    istiod_limits: Option<Value>,
    /// How many istiods; one number is fixed
    #[arg(long, value_name = "MIN-MAX", value_parser = replicas)]
    istiod_replicas: Option<Value>,
    /// What each gateway is sure to get, in place of --scale
    #[arg(long, value_name = "cpu=A,memory=A", value_parser = amounts)]
    gateway_requests: Option<Value>,
    /// What each gateway may take at most
    #[arg(long, value_name = "cpu=A,memory=A", value_parser = amounts)]
    gateway_limits: Option<Value>,
    /// How many instances of each gateway; one number is fixed
    #[arg(long, value_name = "MIN-MAX", value_parser = replicas)]
    gateway_replicas: Option<Value>,
    /// What each sidecar is sure to get
    #[arg(long, value_name = "cpu=A,memory=A", value_parser = amounts)]
    sidecar_requests: Option<Value>,
    /// What each sidecar may take at most
    #[arg(long, value_name = "cpu=A,memory=A", value_parser = amounts)]
    sidecar_limits: Option<Value>,
    /// Sidecars without limits
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sidecar_unlimited: Option<bool>,
}

impl SizeFlags {
    pub(super) fn settings(&self, to: &mut Settings) {
        to.set("--scale", "/spec/scale", self.scale.clone());
        to.set(
            "--high-availability",
            "/spec/highAvailability",
            self.high_availability,
        );
        let istiod = "/spec/sizes/istiod";
        to.set(
            "--istiod-requests",
            &format!("{istiod}/resources/requests"),
            self.istiod_requests.clone(),
        );
        to.set(
            "--istiod-limits",
            &format!("{istiod}/resources/limits"),
            self.istiod_limits.clone(),
        );
        to.set(
            "--istiod-replicas",
            &format!("{istiod}/replicas"),
            self.istiod_replicas.clone(),
        );
        let gateway = "/spec/sizes/gateway";
        to.set(
            "--gateway-requests",
            &format!("{gateway}/resources/requests"),
            self.gateway_requests.clone(),
        );
        to.set(
            "--gateway-limits",
            &format!("{gateway}/resources/limits"),
            self.gateway_limits.clone(),
        );
        to.set(
            "--gateway-replicas",
            &format!("{gateway}/replicas"),
            self.gateway_replicas.clone(),
        );
        let sidecar = "/spec/sidecar/resources";
        to.set(
            "--sidecar-requests",
            &format!("{sidecar}/requests"),
            self.sidecar_requests.clone(),
        );
        to.set(
            "--sidecar-limits",
            &format!("{sidecar}/limits"),
            self.sidecar_limits.clone(),
        );
        to.set(
            "--sidecar-unlimited",
            &format!("{sidecar}/unlimited"),
            self.sidecar_unlimited,
        );
    }
}
