use filter::config::Errors;
use filter::{Callbacks, Edit, Exchange, Outcome, Plugin, Proxy};

use super::*;
use crate::engine::Trap;
use crate::exchange::{Request, Response, Seen};
use crate::native::Native;
use crate::status::Status;
use crate::world::{Asked, Half, LocalReply, Map};

/// Marks requests and responses, but names one callback only.
struct Forgetful;

impl Plugin for Forgetful {
    const NAME: &'static str = "forgetful";
    const CALLBACKS: Callbacks = Callbacks::REQUEST;
    type Stream = ();

    fn configure(_: &[u8]) -> Result<Self, Errors> {
        Ok(Self)
    }

    fn on_start(&mut self, proxy: &mut dyn Proxy) {
        proxy.count(3, 1);
    }

    fn on_request(&mut self, _: &mut dyn Exchange) -> Outcome<()> {
        Outcome::proceed(()).edit(Edit::Set("x-seen".into(), b"1".to_vec()))
    }

    fn on_response(&mut self, (): (), _: &mut dyn Exchange) -> Outcome<()> {
        Outcome::proceed(()).edit(Edit::Set("x-seen".into(), b"1".to_vec()))
    }
}

#[test]
fn a_callback_that_a_plugin_forgot_to_name_is_not_called_and_a_metric_that_is_not_listed_shows() {
    let mut proxy = Simulator::new(Native::<Forgetful>::new(), 1);
    proxy.configure(b"").unwrap();
    assert_eq!(
        proxy.take_problems(),
        [
            "the trial VM: counts metric 3, which is not in its list",
            "worker 0: counts metric 3, which is not in its list"
        ]
    );
    let (id, seen) = proxy.request(&Request::get("/")).unwrap();
    assert_eq!(
        seen.passed().unwrap().headers.first("x-seen"),
        Some(&b"1"[..])
    );
    let seen = proxy.respond(id, &Response::new(200)).unwrap();
    assert_eq!(seen.passed().unwrap().headers.first("x-seen"), None);
}

/// What a VM does in each callback.
type Does = fn(&Handle, Place, Callback) -> u32;

/// A VM that does in each callback what a test says, through the host calls themselves.
struct Scripted(Does);

struct ScriptedVm(Does, Handle, usize);

impl Engine for Scripted {
    fn start(&self, world: &Handle, worker: usize) -> Result<Box<dyn Vm>, String> {
        Ok(Box::new(ScriptedVm(self.0, world.clone(), worker)))
    }
}

impl Vm for ScriptedVm {
    fn call(&mut self, context: u32, callback: Callback) -> Result<Option<u32>, Trap> {
        let place = Place {
            worker: self.2,
            context,
        };
        let accepts = matches!(callback, Callback::VmStart | Callback::Configure { .. });
        Ok(Some(
            u32::from(accepts) | (self.0)(&self.1, place, callback),
        ))
    }
}

fn reply(status: u32) -> LocalReply {
    let (headers, body) = (crate::Fields::new(), Vec::new());
    LocalReply {
        status,
        headers,
        body,
        grpc_status: None,
        details: "test".to_owned(),
    }
}

fn problems(script: Does) -> Vec<String> {
    let mut proxy = Simulator::new(Scripted(script), 1);
    proxy.configure(b"").unwrap();
    let (id, _) = proxy.request(&Request::get("/")).unwrap();
    drop(proxy.respond(id, &Response::new(200)));
    proxy.finish(id).unwrap();
    proxy.take_problems()
}

fn on_request(callback: Callback, does: impl FnOnce()) -> u32 {
    if let Callback::RequestHeaders { .. } = callback {
        does();
    }
    0
}

#[test]
fn what_envoy_would_punish_is_written_down() {
    let table: [(Does, &str); 5] = [
        (
            |world, place, callback| {
                on_request(callback, || {
                    world
                        .borrow_mut()
                        .remove_header(place, Map::Request, ":path")
                        .unwrap();
                })
            },
            "worker 0: lets a Request pass without :path",
        ),
        (
            |world, place, callback| {
                on_request(callback, || {
                    world
                        .borrow_mut()
                        .continue_stream(place, Half::Request)
                        .unwrap();
                })
            },
            "worker 0: continues a Request that is not held",
        ),
        (
            |world, place, callback| {
                on_request(callback, || {
                    world.borrow_mut().local_reply(place, reply(403)).unwrap();
                    world.borrow_mut().local_reply(place, reply(404)).unwrap();
                })
            },
            "worker 0: replies to a request that was already replied to",
        ),
        (
            |world, place, callback| {
                on_request(callback, || {
                    world.borrow_mut().local_reply(place, reply(99)).unwrap();
                })
            },
            "worker 0: replies with the HTTP status 99",
        ),
        (
            |world, place, callback| {
                on_request(callback, || {
                    world
                        .borrow_mut()
                        .add_header(place, Map::Request, ":path", b"/")
                        .unwrap();
                })
            },
            "worker 0: adds a second :path; it ought to set it",
        ),
    ];
    for (script, wanted) in table {
        assert_eq!(problems(script), [wanted]);
    }
}

#[test]
fn a_call_out_while_a_configuration_is_only_tried_is_written_down() {
    let script: Does = |world, place, callback| {
        if let Callback::Configure { .. } = callback {
            let asked = Asked::Http {
                headers: crate::Fields::new(),
                body: Vec::new(),
            };
            world
                .borrow_mut()
                .grpc_call(place, "c", asked, std::time::Duration::ZERO)
                .unwrap();
        }
        0
    };
    assert_eq!(
        problems(script),
        ["the trial VM: calls out while a configuration is only being tried"]
    );
}

#[test]
fn maps_and_bodies_are_there_only_while_a_message_is_at_hand() {
    let script: Does = |world, place, callback| {
        let mut world = world.borrow_mut();
        let seen = (
            world.header(place, Map::Request, ":path").err(),
            world.header(place, Map::Response, ":status").err(),
            world.set_header(place, Map::Request, "x", b"1").err(),
        );
        let gone = Some(Status::BAD_ARGUMENT);
        let wanted = if let Callback::RequestHeaders { .. } = callback {
            (None, gone, None)
        } else if let Callback::ResponseHeaders { .. } = callback {
            (gone, None, gone)
        } else if callback == Callback::Log {
            // Both can be read while an exchange is logged, and nothing can be changed.
            (None, None, gone)
        } else {
            (gone, gone, gone)
        };
        if seen != wanted {
            world.problem(place, format_args!("{callback:?}: {seen:?}"));
        }
        0
    };
    assert_eq!(problems(script), Vec::<String>::new());
}

#[test]
fn ticks_and_timeouts_come_in_the_order_of_time() {
    let script: Does = |world, place, callback| {
        let mut world = world.borrow_mut();
        let headers: crate::Fields = [(":method", "GET"), (":path", "/"), (":authority", "a")]
            .into_iter()
            .collect();
        let since = world.now.saturating_sub(crate::world::START).as_millis();
        if let Callback::Configure { .. } = callback
            && place.worker == 0
        {
            world
                .set_tick_period(place, std::time::Duration::from_millis(100))
                .unwrap();
            let timeout = std::time::Duration::from_millis(250);
            world
                .http_call(place, "c", (headers, Vec::new()), timeout)
                .unwrap();
        } else if callback == Callback::Tick {
            world.write(place, 2, format!("tick {since}")).unwrap();
        } else if let Callback::HttpCallResponse { .. } = callback {
            let status = world.arrived.headers.first(":status").map(<[u8]>::to_vec);
            let status = String::from_utf8(status.unwrap()).unwrap();
            world
                .write(place, 2, format!("late {since} {status}"))
                .unwrap();
        }
        0
    };
    let mut proxy = Simulator::new(Scripted(script), 1);
    proxy.configure(b"").unwrap();
    proxy
        .advance(std::time::Duration::from_millis(300))
        .unwrap();
    let said: Vec<String> = proxy
        .world()
        .log
        .iter()
        .map(|line| line.text.clone())
        .collect();
    assert_eq!(said, ["tick 100", "tick 200", "late 250 504", "tick 300"]);
    // A long time brings the last of its ticks, not all of them.
    proxy.advance(std::time::Duration::from_hours(1)).unwrap();
    assert_eq!(proxy.world().log.len(), 4 + 1001);
}

#[test]
fn a_test_that_asks_for_what_cannot_be_is_told() {
    let mut proxy = Simulator::new(Native::<Forgetful>::new(), 1);
    assert_eq!(
        proxy.roundtrip(&Request::get("/")),
        Err(Misuse::NotConfigured)
    );
    proxy.configure(b"").unwrap();
    assert_eq!(
        proxy.roundtrip(&Request::get("/").on(1)),
        Err(Misuse::NoWorker(1))
    );
    assert_eq!(proxy.tick(0), Err(Misuse::NoTicks(0)));
    assert_eq!(
        proxy.answer(0, crate::world::Returned::Nothing),
        Err(Misuse::NoCall(0, 0))
    );
    let (id, _) = proxy.request(&Request::get("/")).unwrap();
    let late =
        Misuse::OutOfTurn("a body and trailers come after headers that do not end the message");
    assert_eq!(proxy.request_body(id, b"x", true), Err(late));
    proxy.finish(id).unwrap();
    assert_eq!(proxy.seen(id), Err(Misuse::NoStream));
    assert!(matches!(
        proxy.roundtrip(&Request::get("/")),
        Ok(Seen::Continue(_))
    ));
}
