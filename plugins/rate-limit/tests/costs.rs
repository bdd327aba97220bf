//! What a request costs in calls to the host, which is nearly all that it costs.

// Helpers may unwrap as tests do only where clippy sees that they are tests.
#[cfg(test)]
mod tests {
    use rate_limit::RateLimit;
    use simulator::{Native, Request, Simulator};

    const CALLS: [&str; 6] = [
        "proxy_get_header_map_pairs",
        "proxy_get_current_time_nanoseconds",
        "proxy_get_property",
        "proxy_get_shared_data",
        "proxy_set_shared_data",
        "proxy_increment_metric",
    ];

    fn proxy(workers: usize, rules: &str) -> Simulator {
        let mut proxy = Simulator::new(Native::<RateLimit>::new(), workers);
        proxy
            .configure(format!(r#"{{"rules": [{rules}]}}"#).as_bytes())
            .unwrap();
        proxy
    }

    fn asked(proxy: &Simulator) -> [u64; 6] {
        CALLS.map(|call| proxy.world().faults.asked(call))
    }

    /// The calls that so many requests make. How many of them pass.
    fn calls(proxy: &mut Simulator, request: &Request, times: usize) -> ([u64; 6], usize) {
        let before = asked(proxy);
        let admits = |_: &usize| proxy.roundtrip(request).unwrap().passed().is_some();
        let passed = (0..times).filter(admits).count();
        let after = asked(proxy);
        let made = std::array::from_fn(|index| after[index].checked_sub(before[index]).unwrap());
        (made, passed)
    }

    #[test]
    fn a_busy_client_costs_few_steps_on_shared_data() {
        let mut proxy = proxy(
            1,
            r#"{"name": "a", "key": [{"header": "x-user"}], "limit": {"requests": 1, "per": "1h", "burst": 100000}}"#,
        );
        let request = Request::get("/").with("x-user", "ann");
        let ([headers, clock, property, get, set, count], passed) =
            calls(&mut proxy, &request, 6400);
        assert_eq!((headers, count, passed), (6400, 6400, 6400));
        // For each step, and for every eighth token of a lease.
        assert_eq!(clock, 803);
        assert_eq!(property, 0);
        // Leases of 1, 2, 4, ... 64 tokens and then of 64.
        assert_eq!((get, set), (106, 106));
    }

    #[test]
    fn a_flood_that_is_refused_costs_no_steps() {
        let mut proxy = proxy(
            1,
            r#"{"name": "a", "key": [{"sourceAddress": {}}], "limit": {"requests": 1, "per": "1h"}}"#,
        );
        let request = Request::get("/").from("192.0.2.1:1000");
        assert_eq!(calls(&mut proxy, &request, 2), ([2, 2, 2, 2, 1, 2], 1));
        assert_eq!(
            calls(&mut proxy, &request, 100),
            ([100, 100, 100, 0, 0, 100], 0)
        );
    }

    #[test]
    fn a_request_that_no_rule_is_for_costs_its_headers() {
        let mut proxy = proxy(
            1,
            r#"{"name": "a", "match": {"paths": [{"prefix": "/api"}]}, "key": [{"sourceAddress": {}}], "limit": {"requests": 1, "per": "1h"}}"#,
        );
        let request = Request::get("/");
        assert_eq!(calls(&mut proxy, &request, 10), ([10, 0, 0, 0, 0, 0], 10));
    }

    #[test]
    fn rules_share_what_is_asked_of_the_host() {
        let rule = |name: &str| {
            format!(
                r#"{{"name": "{name}", "key": [{{"sourceAddress": {{}}}}], "limit": {{"requests": 100, "per": "1h"}}}}"#
            )
        };
        let mut proxy = proxy(1, &[rule("a"), rule("b"), rule("c")].join(","));
        let request = Request::get("/").from("192.0.2.1:1000");
        assert_eq!(calls(&mut proxy, &request, 1), ([1, 1, 1, 3, 3, 3], 1));
    }

    #[test]
    fn the_throw_away_vm_creates_the_slots_and_a_worker_looks_once() {
        let proxy = proxy(
            3,
            r#"{"name": "a", "key": [{"path": {}}], "limit": {"requests": 1, "per": "1h"}, "maxKeys": 4096}"#,
        );
        let [.., get, set, _] = asked(&proxy);
        // 128 pages; the seed, which is looked for before and when it is set; and by each worker.
        assert_eq!((get, set), (128 + 2 + 3, 128 + 1));
        assert_eq!(proxy.world().shared.len(), 129);
        // 32 bytes a key, the seed, and the names of the slots.
        assert!(proxy.world().shared.size() < 4096 * 32 + 129 * 50);
    }
}
