//! A network filter: lines are numbered and written in capitals, each side's by themselves.
//!
//! A line counts when it is whole, or when its side ends; `quit` ends the connection.

use filter::config::{self, Errors};
use filter::network::{Data, Flow, NetworkPlugin, Side};
use filter::{Metric, Proxy};

/// The plugin.
#[derive(Debug)]
pub struct Lines {
    /// Whether a side may end within a line.
    lenient: bool,
}

/// What is remembered of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    downstream: Lined,
    upstream: Lined,
}

/// What is remembered of a side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lined {
    /// How many lines it sent.
    lines: u64,
    /// The beginning of the next one, behind lines that were passed on.
    rest: Vec<u8>,
}

impl NetworkPlugin for Lines {
    const NAME: &'static str = "lines";
    type Connection = Connection;

    fn configure(configuration: &[u8]) -> Result<Self, Errors> {
        config::read(configuration, |object| {
            let lenient = object.optional("lenient", config::Value::boolean);
            Ok(Self {
                lenient: lenient?.unwrap_or_default(),
            })
        })
    }

    fn metrics(&self) -> Vec<Metric> {
        vec![Metric::counter("lines.lines")]
    }

    fn on_data(
        &mut self,
        mut connection: Connection,
        data: Data<'_>,
        proxy: &mut dyn Proxy,
    ) -> Flow<Connection> {
        let lined = match data.from {
            Side::Downstream => &mut connection.downstream,
            Side::Upstream => &mut connection.upstream,
        };
        let whole = data.bytes.contains(&b'\n') || data.end && self.lenient;
        if !whole {
            return Flow::NeedMore(connection);
        }
        let mut passed = Vec::new();
        let mut bytes = std::mem::take(&mut lined.rest);
        bytes.extend_from_slice(data.bytes);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let whole = line.ends_with(b"\n") || data.end && self.lenient;
            if !whole {
                lined.rest = line.to_vec();
                break;
            }
            if line.trim_ascii() == b"quit" {
                return Flow::Close;
            }
            lined.lines = lined.lines.saturating_add(1);
            proxy.count(0, 1);
            passed.extend(format!("{}:", lined.lines).into_bytes());
            passed.extend(line.to_ascii_uppercase());
        }
        Flow::Replace(passed, connection)
    }
}
