//! Standard input, read in a way that Ctrl-C can end.
//!
//! Once the runtime listens to Ctrl-C, the signal no longer ends the process by itself. A read that blocks inside the
//! verb would then block the listener, too, and neither Ctrl-C nor anything else would end a `weft` that waits at a prompt.

use std::io;

/// Reads in a thread of its own. When the verb is interrupted, that thread is left where it is and goes with the process:
/// a runtime would wait for its own threads.
///
/// # Errors
/// Those of `read`, and when no thread can be started.
pub async fn aside<T: Send + 'static>(
    read: impl FnOnce(io::Stdin) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("standard input".to_owned())
        .spawn(move || {
            // Nobody is left to tell when the verb was interrupted.
            drop(tell.send(read(io::stdin())));
        })?;
    told.await
        .unwrap_or_else(|_| Err(io::Error::other("reading standard input ended early")))
}
