//! Two plugins as one filter: bodies, wake-ups, ticks and slots.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what goes wrong is the test's result"
)]

use std::time::Duration;

use filter::call::{Call, Message};
use filter::chain::Chain;
use filter::config::{self, Value};
use filter::{
    Answer, Background, CallError, Callbacks, Edit, Exchange, Half, Headers, Level, Metric, Next,
    Outcome, Plugin, Proxy, Reply, Resumed, Role, Wait, shared,
};
use simulator::world::Returned;
use simulator::{Native, Request, Response, Simulator, StreamId};

/// Does with bodies as it is told: marks each part that it passes with its name, asks at the end, or holds all until then.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct Actor<const N: usize> {
    asks: bool,
    early: bool,
    buffers: bool,
    waits: Option<Duration>,
    ticks: Option<Duration>,
    wakes: bool,
    marks: bool,
}

const NAMES: [&str; 2] = ["a", "b"];

impl<const N: usize> Plugin for Actor<N> {
    const NAME: &'static str = if N == 0 { NAMES[0] } else { NAMES[1] };
    const SHARED_VERSION: u32 = if N == 0 { 3 } else { 7 };
    const CALLBACKS: Callbacks = Callbacks::REQUEST
        .and(Callbacks::REQUEST_BODY)
        .and(Callbacks::RESPONSE)
        .and(Callbacks::RESPONSE_BODY)
        .and(Callbacks::TICK)
        .and(Callbacks::CALLS);
    type Stream = u32;

    fn configure(configuration: &[u8]) -> Result<Self, config::Errors> {
        config::read(configuration, |object| {
            let flags = ["asks", "early", "buffers", "wakes", "marks"]
                .map(|name| object.optional(name, Value::boolean));
            let waits = object.optional("waits", Value::duration);
            let ticks = object.optional("ticks", Value::duration);
            let [asks, early, buffers, wakes, marks] = flags;
            Ok(Self {
                asks: asks?.unwrap_or_default(),
                early: early?.unwrap_or_default(),
                buffers: buffers?.unwrap_or_default(),
                wakes: wakes?.unwrap_or_default(),
                marks: marks?.unwrap_or_default(),
                waits: waits?,
                ticks: ticks?,
            })
        })
    }

    fn metrics(&self) -> Vec<Metric> {
        ["requests", "responses", "ticks", "woken", "late"]
            .map(|what| Metric::counter(format!("{}.{what}", Self::NAME)))
            .to_vec()
    }

    fn on_start(&mut self, proxy: &mut dyn Proxy) {
        let created = shared::update(proxy, "slot", |_| (Some(vec![1]), ()));
        assert_eq!(created, Ok(()));
    }

    fn tick_period(&self) -> Option<Duration> {
        self.ticks
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<u32> {
        exchange.count(0, 1);
        match self.waits {
            Some(waits) => Outcome {
                edits: Vec::new(),
                next: Next::Wait(
                    Wait::Wake {
                        until: exchange.now().unwrap() + waits,
                    },
                    1,
                ),
            },
            None => Outcome::proceed(1),
        }
    }

    fn on_response(&mut self, stream: u32, exchange: &mut dyn Exchange) -> Outcome<u32> {
        exchange.count(1, 1);
        Outcome::proceed(stream + 100)
    }

    fn on_request_body(
        &mut self,
        seen: u32,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<u32> {
        self.body(seen, exchange, end)
    }

    fn on_response_body(
        &mut self,
        seen: u32,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<u32> {
        self.body(seen, exchange, end)
    }

    fn on_resume(
        &mut self,
        seen: u32,
        resumed: Resumed,
        exchange: &mut dyn Exchange,
    ) -> Outcome<u32> {
        match resumed {
            Resumed::Answered(Ok(Answer::Http { headers, .. }))
                if headers.status() == Some(200) =>
            {
                Outcome::proceed(seen)
            }
            Resumed::Answered(_) => Outcome::reply(reply(), seen),
            Resumed::Woken => {
                exchange.count(3, 1);
                Outcome::proceed(seen)
            }
            Resumed::Late => {
                exchange.count(4, 1);
                Outcome::proceed(seen)
            }
        }
    }

    fn on_tick(&mut self, _: Role, proxy: &mut dyn Proxy) -> Background {
        proxy.count(2, 1);
        Background {
            calls: Vec::new(),
            wake: self.wakes,
        }
    }

    fn on_answer(&mut self, _: u32, _: Result<Answer, CallError>, _: &mut dyn Proxy) -> Background {
        Background::default()
    }
}

impl<const N: usize> Actor<N> {
    fn body(&self, seen: u32, exchange: &mut dyn Exchange, end: bool) -> Outcome<u32> {
        let body = exchange.body(0, usize::MAX).unwrap();
        let shown = String::from_utf8(body.clone()).unwrap();
        let half = match exchange.half() {
            Half::Request => "request",
            Half::Response => "response",
        };
        exchange.log(Level::Info, &format!("{half} {shown} {end} {seen}"));
        if self.buffers && !end {
            return Outcome {
                edits: Vec::new(),
                next: Next::Buffer(seen + 1),
            };
        }
        let mut outcome = if self.asks && end || self.early && !end {
            Outcome::call(call(), seen + 1)
        } else {
            Outcome::proceed(seen + 1)
        };
        if self.marks && !body.is_empty() {
            let marked = [body, vec![b'0' + u8::try_from(N).unwrap()]].concat();
            outcome = outcome.edit(Edit::Body(marked));
        }
        outcome
    }
}

fn call() -> Call {
    let fields = [
        (":method", &b"GET"[..]),
        (":path", b"/"),
        (":authority", b"a"),
    ];
    let headers: Headers = fields.into_iter().collect();
    Call {
        cluster: "auth".into(),
        timeout: Duration::from_secs(1),
        message: Message::Http {
            headers,
            body: Vec::new(),
        },
    }
}

fn reply() -> Reply {
    Reply {
        status: 403,
        headers: Vec::new(),
        body: Vec::new(),
        grpc_status: None,
        details: "refused".into(),
    }
}

fn proxy(configuration: &str) -> Simulator {
    let mut proxy = Simulator::new(Native::<Chain<Actor<0>, Actor<1>>>::new(), 1);
    proxy.configure(configuration.as_bytes()).unwrap();
    proxy
}

fn said(proxy: &Simulator) -> Vec<String> {
    let lines = proxy.world();
    lines.lines(2).map(|line| line.text.clone()).collect()
}

fn counted(proxy: &Simulator, name: &str) -> u64 {
    proxy.world().metrics.value(name).unwrap_or_default()
}

fn passed(proxy: &Simulator, stream: StreamId) -> String {
    let seen = proxy.seen(stream).unwrap();
    let passed = seen.passed().unwrap_or_else(|| unreached(&seen));
    String::from_utf8(passed.body.clone()).unwrap()
}

#[expect(clippy::panic, reason = "a helper of tests")]
fn unreached(seen: &simulator::Seen) -> ! {
    panic!("{seen:?}")
}

fn yes(proxy: &mut Simulator, call: usize) {
    let headers = [(":status", "200")].into_iter().collect();
    let body = Vec::new();
    proxy
        .answer(call, Returned::Http { headers, body })
        .unwrap();
}

const POST: &str = "POST";

#[test]
fn while_one_waits_with_a_body_the_other_has_seen_nothing_of_it_and_then_sees_it_once() {
    let mut proxy =
        proxy(r#"{"a": {"asks": true, "marks": true}, "b": {"asks": true, "marks": true}}"#);
    let (stream, _) = proxy.request(&Request::new(POST, "/").body("x")).unwrap();
    assert_eq!(said(&proxy), ["a: request x true 1"]);
    yes(&mut proxy, 0);
    // The second remembers what it did of the headers, and sees what the first made of the body.
    assert_eq!(said(&proxy)[1..], ["b: request x0 true 1"]);
    yes(&mut proxy, 1);
    assert_eq!(passed(&proxy, stream), "x01");
    assert_eq!(
        (counted(&proxy, "a.requests"), counted(&proxy, "b.requests")),
        (1, 1)
    );
    proxy
        .respond(stream, &Response::new(200).body("y"))
        .unwrap();
    assert_eq!(said(&proxy)[2..], ["b: response y true 102"]);
    yes(&mut proxy, 2);
    assert_eq!(said(&proxy)[3..], ["a: response y1 true 102"]);
    yes(&mut proxy, 3);
    assert_eq!(passed(&proxy, stream), "y10");
    assert_eq!(
        (
            counted(&proxy, "a.responses"),
            counted(&proxy, "b.responses")
        ),
        (1, 1)
    );
    assert_eq!(proxy.take_problems(), Vec::<String>::new());
}

#[test]
fn what_the_first_passed_on_it_does_not_see_again_while_the_second_holds_it() {
    let mut proxy = proxy(r#"{"a": {"marks": true}, "b": {"buffers": true, "marks": true}}"#);
    let (stream, _) = proxy.request_headers(&Request::new(POST, "/")).unwrap();
    proxy.request_body(stream, b"x", false).unwrap();
    proxy.request_body(stream, b"y", false).unwrap();
    proxy
        .request_trailers(stream, &simulator::Fields::new())
        .unwrap();
    let wanted = [
        "a: request x false 1",
        "b: request x0 false 1",
        "a: request y false 2",
        "b: request x0y0 false 2",
        "a: request  true 3",
        "b: request x0y0 true 3",
    ];
    assert_eq!(said(&proxy), wanted);
    assert_eq!(passed(&proxy, stream), "x0y01");
}

#[test]
fn the_end_that_comes_while_the_first_waits_is_shown_to_the_second_that_waits_for_it() {
    for trails in [false, true] {
        let mut proxy = proxy(r#"{"a": {"early": true}, "b": {"buffers": true}}"#);
        let (stream, _) = proxy.request_headers(&Request::new(POST, "/")).unwrap();
        proxy.request_body(stream, b"x", false).unwrap();
        proxy.request_body(stream, b"y", !trails).unwrap();
        if trails {
            let trailers = [("x-end", "1")].into_iter().collect();
            proxy.request_trailers(stream, &trailers).unwrap();
        }
        yes(&mut proxy, 0);
        assert_eq!(said(&proxy).last().unwrap(), "b: request xy true 2");
        assert_eq!(passed(&proxy, stream), "xy");
        assert_eq!(proxy.take_problems(), Vec::<String>::new());
    }
}

#[test]
fn a_plugin_that_wakes_its_own_does_not_wake_those_of_the_other() {
    let config = r#"{"a": {"ticks": "1s", "wakes": true}, "b": {"waits": "10s", "ticks": "1s"}}"#;
    let mut proxy = proxy(config);
    let (stream, _) = proxy.request(&Request::get("/")).unwrap();
    proxy.advance(Duration::from_secs(9)).unwrap();
    assert_eq!(proxy.seen(stream).unwrap(), simulator::Seen::Waiting);
    proxy.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(
        (counted(&proxy, "b.woken"), counted(&proxy, "b.late")),
        (0, 1)
    );
    assert!(proxy.seen(stream).unwrap().passed().is_some());
}

#[test]
fn each_wakes_its_own() {
    let mut proxy = proxy(r#"{"a": {"waits": "1h"}, "b": {"ticks": "1s", "wakes": true}}"#);
    let (first, _) = proxy.request(&Request::get("/")).unwrap();
    proxy.advance(Duration::from_secs(5)).unwrap();
    assert_eq!(proxy.seen(first).unwrap(), simulator::Seen::Waiting);
    let mut proxy = self::proxy(r#"{"a": {"waits": "1h", "ticks": "1s", "wakes": true}, "b": {}}"#);
    let (second, _) = proxy.request(&Request::get("/")).unwrap();
    proxy.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(counted(&proxy, "a.woken"), 1);
    assert!(proxy.seen(second).unwrap().passed().is_some());
}

#[test]
fn each_ticks_at_its_own_period() {
    let mut proxy = proxy(r#"{"a": {"ticks": "2s"}, "b": {"ticks": "5s"}}"#);
    proxy.advance(Duration::from_mins(1)).unwrap();
    assert_eq!(
        (counted(&proxy, "a.ticks"), counted(&proxy, "b.ticks")),
        (30, 12)
    );
    let mut one = self::proxy(r#"{"a": {}, "b": {"ticks": "5s"}}"#);
    one.advance(Duration::from_mins(1)).unwrap();
    assert_eq!(
        (counted(&one, "a.ticks"), counted(&one, "b.ticks")),
        (0, 12)
    );
}

#[test]
fn slots_are_those_of_a_plugin_and_of_the_version_of_its_layout() {
    let proxy = proxy(r#"{"a": {}, "b": {}}"#);
    let world = proxy.world();
    for ending in ["/a/3/slot", "/b/7/slot"] {
        assert!(
            world.shared.keys().any(|key| key.ends_with(ending)),
            "{ending}"
        );
    }
}

#[test]
fn both_halves_may_wait_and_each_goes_on_by_itself() {
    let mut proxy = proxy(r#"{"a": {"asks": true}, "b": {"asks": true}}"#);
    let (stream, _) = proxy.request_headers(&Request::new(POST, "/")).unwrap();
    // An upstream that answers before it has the body.
    proxy
        .respond(stream, &Response::new(200).body("y"))
        .unwrap();
    proxy.request_body(stream, b"x", true).unwrap();
    assert_eq!(
        said(&proxy),
        ["b: response y true 101", "a: request x true 101"]
    );
    yes(&mut proxy, 1);
    assert_eq!(said(&proxy)[2..], ["b: request x true 102"]);
    yes(&mut proxy, 0);
    assert_eq!(said(&proxy)[3..], ["a: response y true 102"]);
    assert_eq!(proxy.take_problems(), Vec::<String>::new());
}
