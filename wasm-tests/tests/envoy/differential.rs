//! rate-limit beside Envoy's own `local_ratelimit`, in one Envoy, under the same requests.
//!
//! Where both can say the same, both must admit as many: the same burst, then the same rate.

use crate::{alone, filter};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};
use wasm_tests::envoy::{Client, Filter, Proxy, Request, Setup, Upstream, Version};

/// `requests` a second, `burst` at once; both for all requests together.
fn both(version: Version, workers: usize, (requests, burst): (u32, u32)) -> Proxy {
    let upstream = Upstream::start().unwrap();
    let ours = format!(
        r#"{{"rules": [{{"name": "all", "key": [{{"constant": "all"}}], "limit": {{"requests": {requests}, "per": "1s", "burst": {burst}}}}}]}}"#
    );
    let all = json!({"default_value": {"numerator": 100}});
    let native = Filter::typed(
        "native",
        "http.local_ratelimit.v3.LocalRateLimit",
        json!({
            "stat_prefix": "native",
            "token_bucket": {
                "max_tokens": burst,
                "tokens_per_fill": 1,
                "fill_interval": format!("{}s", 1.0 / f64::from(requests)),
            },
            "filter_enabled": all,
            "filter_enforced": all,
        }),
    );
    let direct = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}});
    let setup = Setup::new(upstream.address())
        .route(direct)
        .workers(workers)
        .listener("ours", &[filter("rate-limit", "ours", &ours)])
        .listener("native", &[native]);
    Proxy::start(version, &setup).unwrap()
}

fn passes(client: &mut Client) -> u32 {
    let response = client.send(&Request::get("/")).unwrap();
    assert!([200, 429].contains(&response.status), "{}", response.status);
    u32::from(response.status == 200)
}

#[test]
fn the_same_schedule_admits_as_many() {
    let _alone = alone();
    for version in Version::ALL {
        let proxy = both(version, 1, (10, 20));
        let (mut ours, mut native) = (
            proxy.connect("ours").unwrap(),
            proxy.connect("native").unwrap(),
        );
        // So many requests to each, after such a pause.
        for (pause, requests) in [(0, 40), (1050, 30), (0, 5), (450, 10), (3000, 40)] {
            thread::sleep(Duration::from_millis(pause));
            let (mut by_us, mut by_envoy) = (0_u32, 0_u32);
            for _ in 0..requests {
                by_us += passes(&mut ours);
                by_envoy += passes(&mut native);
            }
            // A token may become due between two requests that are sent one after the other.
            assert!(
                by_us.abs_diff(by_envoy) <= 1,
                "{version:?} {pause}: {by_us} and {by_envoy}"
            );
        }
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

/// How many of `clients` requests pass, each client sending one after the other for so long.
fn flood(clients: Vec<Client>, how_long: Duration) -> u32 {
    let start = Instant::now();
    let send = |mut client: Client| {
        let mut passed = 0;
        while start.elapsed() < how_long {
            passed += passes(&mut client);
        }
        passed
    };
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .into_iter()
            .map(|client| scope.spawn(move || send(client)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    })
}

#[test]
fn a_flood_over_several_workers_stays_within_the_stated_bound() {
    let _alone = alone();
    const WORKERS: u32 = 4;
    const RATE: u32 = 20;
    const BURST: u32 = 320;
    for version in Version::ALL {
        let proxy = both(version, 4, (RATE, BURST));
        for listener in ["ours", "native"] {
            let clients = proxy.connect_all(listener).unwrap();
            let start = Instant::now();
            let passed = flood(clients, Duration::from_secs(2));
            let earned = f64::from(RATE) * start.elapsed().as_secs_f64();
            // rate * t + burst, and what workers leased and have not used: fewer than a sixteenth of the burst each.
            let most = f64::from(BURST) + earned + 1.0;
            let least =
                f64::from(BURST) + f64::from(RATE) * 2.0 - f64::from(WORKERS * (BURST / 16 + 1));
            assert!(
                (least..=most).contains(&f64::from(passed)),
                "{version:?} {listener}: {passed}, not {least} to {most}"
            );
        }
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}
