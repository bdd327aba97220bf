use axum::Router;
use axum::http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cluster::fake;
use crate::sidecar::read::Reader;

fn amounts(cpu: &str, memory: &str) -> Amounts {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Amounts {
        cpu: some(cpu),
        memory: some(memory),
    }
}

fn measured() -> Value {
    json!({"kind": "PodMetricsList", "items": [
        {"metadata": {"name": "cart-1", "namespace": "shop"}, "containers": [
            {"name": "app", "usage": {"cpu": "1", "memory": "1Gi"}},
            {"name": "istio-proxy", "usage": {"cpu": "12345678n", "memory": "45056Ki"}},
        ]},
        {"metadata": {"name": "bare-1", "namespace": "shop"}, "containers": [{"name": "app", "usage": {}}]},
    ]})
}

#[test]
fn what_is_measured_against_its_limits() {
    let list: Vec<PodMetrics> = serde_json::from_value(measured()["items"].clone()).unwrap();
    let meter = Meter::read(Ok(list));
    let cases = [
        (
            "cart-1",
            amounts("2", "1Gi"),
            json!({"cpu": "12345678n", "memory": "45056Ki", "cpuPercent": 0, "memoryPercent": 4}),
        ),
        (
            "cart-1",
            amounts("20m", "44Mi"),
            json!({"cpu": "12345678n", "memory": "45056Ki", "cpuPercent": 61, "memoryPercent": 100}),
        ),
        // Without a limit, or with nought, which is none, there is nothing that it could be a part of.
        (
            "cart-1",
            amounts("", "0"),
            json!({"cpu": "12345678n", "memory": "45056Ki"}),
        ),
        (
            "bare-1",
            amounts("2", "1Gi"),
            json!({"unknown": "not measured yet"}),
        ),
        (
            "cart-2",
            amounts("2", "1Gi"),
            json!({"unknown": "not measured yet"}),
        ),
    ];
    for (pod, limits, wanted) in cases {
        let usage = meter.of("shop", pod, &limits);
        assert_eq!(
            serde_json::to_value(usage).unwrap(),
            wanted,
            "{pod} {limits:?}"
        );
    }
}

#[test]
fn people_read_it_rounded_up() {
    let cases = [
        (amounts("12345678n", "45056Ki"), amounts("13m", "44Mi")),
        (amounts("1n", "1"), amounts("1m", "1Mi")),
        (amounts("2", "1Gi"), amounts("2000m", "1024Mi")),
        (amounts("0", "0"), amounts("0m", "0Mi")),
        (amounts("2500u", "-1"), amounts("3m", "")),
        (amounts("n", "Mi"), amounts("", "")),
        (amounts("+1n", "1.5Mi"), amounts("1m", "2Mi")),
        (amounts("-1n", "1e6"), amounts("", "1Mi")),
    ];
    for (amounts, wanted) in cases {
        let usage = Usage::Known {
            amounts: amounts.clone(),
            cpu_percent: None,
            memory_percent: None,
        };
        assert_eq!(usage.told(), wanted, "{amounts:?}");
    }
}

proptest! {
    #[test]
    fn what_uses_no_more_than_its_limit_is_at_most_at_100((limit, used) in (1_u64..1_000_000).prop_flat_map(|limit| (Just(limit), 0..=limit))) {
        let share = percent(Some(&format!("{used}m")), Some(&format!("{limit}m"))).unwrap();
        prop_assert!(share <= 100);
        prop_assert_eq!(share == 100, used == limit);
    }
}

/// What the reader makes of an API server's answer.
async fn meter(answer: (StatusCode, Value)) -> Meter {
    let router = Router::new().fallback(move || async move { (answer.0, answer.1.to_string()) });
    Reader::new(fake::served(router)).meter(Some("shop")).await
}

fn refusal(code: u16, reason: &str, message: &str) -> (StatusCode, Value) {
    let body = json!({"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code});
    (StatusCode::from_u16(code).unwrap(), body)
}

#[tokio::test]
async fn a_metrics_api_that_does_not_answer_is_no_failure() {
    let there = meter((StatusCode::OK, measured())).await;
    assert_eq!(there.trouble, None);
    assert!(matches!(
        there.of("shop", "cart-1", &Amounts::default()),
        Usage::Known { .. }
    ));
    let cases = [
        (
            refusal(
                404,
                "NotFound",
                "the server could not find the requested resource",
            ),
            "no metrics API",
        ),
        (
            refusal(
                503,
                "ServiceUnavailable",
                "the server is currently unable to handle the request",
            ),
            "unable to handle the request",
        ),
        (
            refusal(403, "Forbidden", "pods.metrics.k8s.io is forbidden"),
            "pods.metrics.k8s.io is forbidden",
        ),
    ];
    for (answer, wanted) in cases {
        let trouble = meter(answer).await.trouble.unwrap();
        assert!(trouble.contains(wanted), "{trouble}");
    }
}
