//! A proxy in which something fails while it starts, which a scenario file cannot say.

// Helpers may unwrap as tests do only where clippy sees that they are tests.
#[cfg(test)]
mod tests {
    use rate_limit::RateLimit;
    use simulator::{Native, Request, Seen, Simulator, Status};

    const RULES: &str = r#""rules": [{"name": "a", "match": {"paths": [{"prefix": "/api"}]}, "key": [{"constant": "all"}], "limit": {"requests": 3, "per": "1h"}}]"#;

    /// A proxy of two workers in which `call` fails from the beginning.
    fn broken(call: &str, mode: &str) -> Simulator {
        let mut proxy = Simulator::new(Native::<RateLimit>::new(), 2);
        let status = Status(10);
        assert!(proxy.world_mut().faults.fail(call, status, None));
        let configuration = format!(r#"{{"failureMode": "{mode}", {RULES}}}"#);
        proxy.configure(configuration.as_bytes()).unwrap();
        proxy
    }

    /// The details of the reply, or nothing.
    fn details(proxy: &mut Simulator, worker: usize, path: &str) -> String {
        match proxy.roundtrip(&Request::get(path).on(worker)).unwrap() {
            Seen::Reply(reply) => reply.details,
            Seen::Continue(_) | Seen::Waiting | Seen::Reset => String::new(),
        }
    }

    #[test]
    fn requests_are_refused_until_it_is_over_and_then_limited() {
        for call in [
            "random_get",
            "proxy_get_shared_data",
            "proxy_set_shared_data",
        ] {
            let mut proxy = broken(call, "closed");
            assert_eq!(
                details(&mut proxy, 0, "/api"),
                "rate_limit_failed",
                "{call}"
            );
            assert_eq!(details(&mut proxy, 1, "/"), "", "{call}: no rule is for it");
            proxy.world_mut().faults.clear();
            let admitted = [0, 1, 0, 1].map(|worker| details(&mut proxy, worker, "/api"));
            assert_eq!(admitted, ["", "", "", "rate_limit_a"], "{call}");
        }
    }

    #[test]
    fn or_admitted_until_it_is_over() {
        let mut proxy = broken("random_get", "open");
        assert_eq!(details(&mut proxy, 0, "/api"), "");
        proxy.world_mut().faults.clear();
        let admitted = [0, 1, 0, 1].map(|worker| details(&mut proxy, worker, "/api"));
        assert_eq!(admitted, ["", "", "", "rate_limit_a"]);
    }

    #[test]
    fn it_is_logged_once_by_each_worker() {
        let mut proxy = broken("random_get", "closed");
        for _ in 0..10 {
            details(&mut proxy, 0, "/api");
        }
        let world = proxy.world();
        let of_worker = |worker| world.log.iter().filter(move |line| line.worker == worker);
        assert_eq!(of_worker(0).count(), 1);
        let line = of_worker(0).next().unwrap();
        assert!(
            line.text
                .contains("until that is over, requests are refused"),
            "{}",
            line.text
        );
    }
}
