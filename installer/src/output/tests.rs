//! What a user sees, as text.

use super::*;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn captured(settings: Settings) -> (Output, Buffer, Buffer) {
    let (data, talk) = (Buffer::default(), Buffer::default());
    (
        Output::to(settings, Box::new(data.clone()), Box::new(talk.clone())),
        data,
        talk,
    )
}

#[test]
fn data_and_talk_never_mix() {
    let (output, data, talk) = captured(Settings::default());
    output.raw(b"data\n").unwrap();
    output.say("talk");
    output.warn("careful");
    assert_eq!(data.text(), "data\n");
    assert_eq!(talk.text(), "talk\nwarning: careful\n");
}

#[test]
fn quiet_keeps_only_errors() {
    let (output, _, talk) = captured(Settings {
        quiet: true,
        ..Settings::default()
    });
    output.say("talk");
    output.progress().update("pulling");
    output.failure(&Failure::text(Exit::Failure, "it broke"));
    assert_eq!(talk.text(), "error: it broke\n");
}

#[test]
fn progress_says_each_state_once() {
    let (output, _, talk) = captured(Settings::default());
    let progress = output.progress();
    progress.update("0 of 2");
    progress.update("0 of 2");
    progress.update("2 of 2");
    assert_eq!(talk.text(), "0 of 2\n2 of 2\n");
}

#[test]
fn a_failure_lists_its_causes() {
    let (output, _, talk) = captured(Settings::default());
    output.failure(
        &Failure::new(Exit::Failure, io::Error::other("refused")).context("cannot push x"),
    );
    assert_eq!(talk.text(), "error: cannot push x\n  because: refused\n");
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let output = Output::to(Settings::default(), Box::new(Closed), Box::new(Closed));
    output.raw(b"data").unwrap();
    output.say("talk");
}

/// A program reads the result and the reason of a failure from the same lines as the changes.
#[test]
fn with_json_talk_every_line_is_an_object() {
    let (output, data, talk) = captured(Settings {
        json_talk: true,
        ..Settings::default()
    });
    output.raw(b"data\n").unwrap();
    output.say("two\nlines");
    output.warn("careful");
    output.mark(Style::Good, "pushed:", "x");
    output.progress().update("0 of 2");
    output.done(Exit::Drift);
    let late = io::Error::other("not ready within 6 s:\n  Deployment x: no image\nit stays");
    output.failure(&Failure::new(Exit::Timeout, late).context("cannot apply"));
    let lines: Vec<serde_json::Value> = talk
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let causes = [
        "cannot apply",
        "not ready within 6 s:",
        "Deployment x: no image",
        "it stays",
    ];
    let wanted = [
        serde_json::json!({"state": "said", "text": "two\nlines"}),
        serde_json::json!({"state": "warning", "text": "careful"}),
        serde_json::json!({"state": "said", "text": "pushed: x"}),
        serde_json::json!({"state": "waiting", "text": "0 of 2"}),
        serde_json::json!({"state": "done", "exit": 5, "meaning": Exit::Drift.meaning()}),
        serde_json::json!({"state": "failed", "exit": 3, "meaning": Exit::Timeout.meaning(), "causes": causes}),
    ];
    assert_eq!(lines, wanted);
    assert_eq!(data.text(), "data\n");
}
