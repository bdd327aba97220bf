//! What an operator hands in: files, and standard input in a way that Ctrl-C can end.
//!
//! Once the runtime listens to Ctrl-C, the signal no longer ends the process by itself. A read that blocks inside the
//! verb would then block the listener, too, and neither Ctrl-C nor anything else would end a `weft` that waits at a prompt.

pub(crate) mod words;

use std::io::{self, Read};
use std::path::Path;

/// What a file may have at most. Kubernetes takes no object above 3 MiB, and all of Istio's definitions are 1 MiB.
const LARGEST: u64 = 16 << 20;

/// The bytes of a file; `-` is standard input.
///
/// # Errors
/// Those of reading, and when it is larger than 16 MiB.
pub(crate) fn read(folder: &Path, file: &str) -> io::Result<Vec<u8>> {
    if file == "-" {
        return bounded(io::stdin());
    }
    bounded(std::fs::File::open(folder.join(file))?)
}

/// The same, in a way that Ctrl-C can end.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_aside(folder: &Path, file: &str) -> io::Result<Vec<u8>> {
    if file == "-" {
        return aside(bounded).await;
    }
    read(folder, file)
}

fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source
        .take(LARGEST.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read > LARGEST) {
        let text = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

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
