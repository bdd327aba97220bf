//! A network filter in a Wasm engine: bytes of a connection in any parts.

use filter::network::Side;
use sandbox::Module;
use simulator::Simulator;
use wasm_tests::modules;

fn proxy(configuration: &str) -> Simulator {
    let lines = modules::lines().unwrap();
    let mut proxy = Simulator::new(Module::new(&lines.bytes().unwrap()).unwrap(), 1);
    proxy.configure(configuration.as_bytes()).unwrap();
    proxy
}

#[test]
fn lines_pass_when_they_are_whole_however_they_come() {
    let mut proxy = proxy("");
    let text = b"one\ntwo\n\nthree\n";
    for size in 1..=text.len() {
        let connection = proxy.connect(0).unwrap();
        for from in [Side::Downstream, Side::Upstream] {
            let mut seen = simulator::Piped::default();
            for part in text.chunks(size) {
                seen = proxy.send(connection, from, part, false).unwrap();
            }
            assert_eq!(
                seen.bytes, b"1:ONE\n2:TWO\n3:\n4:THREE\n",
                "in parts of {size}"
            );
            let end = proxy.send(connection, from, b"", true).unwrap();
            assert!(end.end && !end.closed, "{end:?}");
        }
        proxy.disconnect(connection).unwrap();
    }
    assert_eq!(proxy.take_problems(), Vec::<String>::new());
    let counted = proxy.world().metrics.value("lines.lines");
    assert_eq!(counted, Some(u64::try_from(8 * text.len()).unwrap()));
}

#[test]
fn one_side_ends_while_the_other_goes_on() {
    let mut proxy = proxy(r#"{"lenient": true}"#);
    let connection = proxy.connect(0).unwrap();
    let seen = proxy
        .send(connection, Side::Downstream, b"a\nb", true)
        .unwrap();
    assert_eq!((seen.bytes.as_slice(), seen.end), (&b"1:A\n2:B"[..], true));
    let seen = proxy
        .send(connection, Side::Upstream, b"c\n", false)
        .unwrap();
    assert_eq!((seen.bytes.as_slice(), seen.end), (&b"1:C\n"[..], false));
}

#[test]
fn what_ends_within_a_frame_is_closed_and_so_is_what_the_plugin_closes() {
    let mut proxy = proxy("");
    let connection = proxy.connect(0).unwrap();
    proxy
        .send(connection, Side::Downstream, b"a", false)
        .unwrap();
    let seen = proxy.send(connection, Side::Downstream, b"", true).unwrap();
    assert!(seen.closed && seen.bytes.is_empty(), "{seen:?}");
    let connection = proxy.connect(0).unwrap();
    let seen = proxy
        .send(connection, Side::Downstream, b"a\nquit\n", false)
        .unwrap();
    assert!(seen.closed && seen.bytes.is_empty(), "{seen:?}");
    // What the server sends then does not get to a plugin that forgot the connection.
    let seen = proxy
        .send(connection, Side::Upstream, b"b\n", false)
        .unwrap();
    assert!(seen.bytes.is_empty(), "{seen:?}");
}

#[test]
fn a_frame_without_end_is_closed_before_it_fills_the_memory() {
    let mut proxy = proxy("");
    let connection = proxy.connect(0).unwrap();
    let part = vec![b'a'; 1 << 20];
    let parts = (0..40).take_while(|_| {
        !proxy
            .send(connection, Side::Downstream, &part, false)
            .unwrap()
            .closed
    });
    assert_eq!(parts.count(), 16);
    assert!(proxy.memory(0) < 64 << 20, "{}", proxy.memory(0));
}

#[test]
fn host_calls_that_fail_close_the_connection() {
    for call in ["proxy_get_buffer_bytes", "proxy_set_buffer_bytes"] {
        let mut proxy = proxy("");
        let connection = proxy.connect(0).unwrap();
        proxy
            .world_mut()
            .faults
            .fail(call, simulator::Status(2), Some(1));
        let seen = proxy
            .send(connection, Side::Downstream, b"a\n", false)
            .unwrap();
        assert!(seen.closed && seen.bytes.is_empty(), "{call}: {seen:?}");
    }
}
