//! Two plugins as one filter.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what goes wrong is the test's result"
)]

use std::time::Duration;

use filter::call::{Call, Message};
use filter::chain::Chain;
use filter::{
    Answer, Callbacks, Edit, Exchange, Headers, Metric, Outcome, Plugin, Proxy, Reply, Resumed,
    config, shared,
};
use simulator::world::Returned;
use simulator::{Native, Request, Response, Seen, Simulator};

/// Asks a service, and removes what the client had no right to send.
#[derive(Debug)]
struct Guard {
    asks: bool,
}

impl Plugin for Guard {
    const NAME: &'static str = "guard";
    const CALLBACKS: Callbacks = Callbacks::REQUEST
        .and(Callbacks::RESPONSE)
        .and(Callbacks::CALLS);
    type Stream = ();

    fn configure(configuration: &[u8]) -> Result<Self, config::Errors> {
        config::read(configuration, |object| {
            let asks = object.required("asks", config::Value::boolean);
            Ok(Self { asks: asks? })
        })
    }

    fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::counter("guard.seen"),
            Metric::counter("guard.resumed"),
        ]
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<()> {
        exchange.count(0, 1);
        if self.asks {
            Outcome::call(call(), ())
        } else {
            stripped()
        }
    }

    fn on_resume(&mut self, (): (), resumed: Resumed, exchange: &mut dyn Exchange) -> Outcome<()> {
        exchange.count(1, 1);
        match resumed {
            Resumed::Answered(Ok(Answer::Http { headers, .. }))
                if headers.status() == Some(200) =>
            {
                stripped()
            }
            Resumed::Answered(_) | Resumed::Woken | Resumed::Late => Outcome::reply(reply(403), ()),
        }
    }

    fn on_response(&mut self, (): (), exchange: &mut dyn Exchange) -> Outcome<()> {
        let seen = exchange
            .headers()
            .is_ok_and(|headers| headers.first("x-second").is_some());
        Outcome::proceed(()).edit(Edit::Set(
            "x-first-saw-second".into(),
            seen.to_string().into(),
        ))
    }
}

/// Refuses whoever says that they are admin, and numbers requests in shared data.
#[derive(Debug)]
struct Judge;

impl Plugin for Judge {
    const NAME: &'static str = "judge";
    const CALLBACKS: Callbacks = Callbacks::REQUEST.and(Callbacks::RESPONSE);
    type Stream = u8;

    fn configure(configuration: &[u8]) -> Result<Self, config::Errors> {
        config::read(configuration, |object| {
            object
                .optional("limit", |value| value.integer(&(1..=9)))
                .map(|_| Self)
        })
    }

    fn metrics(&self) -> Vec<Metric> {
        vec![Metric::counter("judge.seen")]
    }

    fn on_start(&mut self, proxy: &mut dyn Proxy) {
        let created = shared::update(proxy, "lease", |old| (old.is_none().then(|| vec![0]), ()));
        assert_eq!(created, Ok(()));
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<u8> {
        exchange.count(0, 1);
        let number = shared::update(exchange, "lease", |old| {
            let next = old
                .and_then(|bytes| bytes.first())
                .map_or(1, |last| last + 1);
            (Some(vec![next]), next)
        });
        match exchange
            .headers()
            .map(|headers| headers.first("x-admin").is_some())
        {
            Ok(false) => Outcome::proceed(number.unwrap_or_default()),
            Ok(true) | Err(_) => Outcome::reply(reply(401), 0),
        }
    }

    fn on_response(&mut self, number: u8, _: &mut dyn Exchange) -> Outcome<u8> {
        Outcome::proceed(number).edit(Edit::Set("x-second".into(), vec![b'0' + number]))
    }
}

fn call() -> Call {
    let headers: Headers = [
        (":method", &b"GET"[..]),
        (":path", b"/"),
        (":authority", b"a"),
    ]
    .into_iter()
    .collect();
    let message = Message::Http {
        headers,
        body: Vec::new(),
    };
    Call {
        cluster: "auth".into(),
        timeout: Duration::from_secs(1),
        message,
    }
}

fn stripped() -> Outcome<()> {
    Outcome::proceed(()).edit(Edit::Remove("x-admin".into()))
}

fn reply(status: u16) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        grpc_status: None,
        details: "refused".into(),
    }
}

fn proxy(configuration: &str) -> Simulator {
    let mut proxy = Simulator::new(Native::<Chain<Guard, Judge>>::new(), 1);
    proxy.configure(configuration.as_bytes()).unwrap();
    proxy
}

#[test]
fn the_second_sees_what_the_first_left_and_responses_meet_them_in_reverse() {
    let mut proxy = proxy(r#"{"guard": {"asks": false}, "judge": {}}"#);
    let (stream, seen) = proxy
        .request(&Request::get("/").with("x-admin", "yes"))
        .unwrap();
    assert!(
        seen.passed()
            .is_some_and(|passed| passed.headers.first("x-admin").is_none()),
        "{seen:?}"
    );
    let seen = proxy.respond(stream, &Response::new(200)).unwrap();
    let headers = &seen.passed().unwrap().headers;
    assert_eq!(headers.first("x-second"), Some(&b"1"[..]));
    assert_eq!(headers.first("x-first-saw-second"), Some(&b"true"[..]));
}

#[test]
fn the_second_waits_until_the_first_lets_the_request_go() {
    let mut proxy = proxy(r#"{"guard": {"asks": true}, "judge": {}}"#);
    let (stream, seen) = proxy
        .request(&Request::get("/").with("x-admin", "yes"))
        .unwrap();
    assert_eq!(seen, Seen::Waiting);
    assert_eq!(counted(&proxy, "judge.seen"), 0);
    proxy
        .answer(
            0,
            Returned::Http {
                headers: [(":status", "200")].into_iter().collect(),
                body: Vec::new(),
            },
        )
        .unwrap();
    assert!(proxy.seen(stream).unwrap().passed().is_some());
    assert_eq!(
        (
            counted(&proxy, "guard.seen"),
            counted(&proxy, "guard.resumed"),
            counted(&proxy, "judge.seen")
        ),
        (1, 1, 1)
    );
}

#[test]
fn what_the_first_refuses_the_second_does_not_see() {
    let mut proxy = proxy(r#"{"guard": {"asks": true}, "judge": {}}"#);
    let (stream, _) = proxy.request(&Request::get("/")).unwrap();
    proxy.advance(Duration::from_secs(2)).unwrap();
    assert_eq!(
        proxy
            .seen(stream)
            .unwrap()
            .replied()
            .map(|reply| reply.status),
        Some(403)
    );
    assert_eq!(counted(&proxy, "judge.seen"), 0);
}

#[test]
fn every_mistake_of_both_is_said_with_its_place() {
    let mut proxy = Simulator::new(Native::<Chain<Guard, Judge>>::new(), 1);
    let refused = proxy
        .configure(br#"{"guard": {"asks": 1}, "judge": {"limit": 0}}"#)
        .unwrap_err();
    let wanted = [
        "/guard/asks: must be true or false, is 1",
        "/judge/limit: must be a whole number from 1 to 9, is 0",
    ];
    for (mistake, wanted) in refused.mistakes.iter().zip(wanted) {
        assert!(mistake.contains(wanted), "{mistake}");
    }
    assert_eq!(refused.mistakes.len(), wanted.len());
}

fn counted(proxy: &Simulator, name: &str) -> u64 {
    proxy.world().metrics.value(name).unwrap_or_default()
}
