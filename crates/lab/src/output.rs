//! The only place that prints. Data (paths, exports, JSON) goes to stdout, talk to stderr, so that both can be piped.

use std::io::Write;

/// One line of talk, on stderr.
pub fn say(text: &str) {
    // Nobody left to tell when stderr is closed.
    drop(writeln!(std::io::stderr().lock(), "lab: {text}"));
}

/// Data, on stdout, as it is.
///
/// # Errors
/// When stdout is closed.
pub fn data(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
