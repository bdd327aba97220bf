//! Where a plugin is: `NAME` of one built in this workspace, `FILE.wasm`, or the name of an image.

use super::metadata::{Metadata, Phase};
use super::module::{self, ModuleError};
use crate::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::registry::Registry;
use crate::registry::reference::{self, Reference};
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// What an argument names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A plugin of the workspace.
    Name(String),
    /// A module.
    File(PathBuf),
    /// An image.
    Image(Reference),
}

/// A plugin that was fetched from where it was.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What it calls itself.
    pub metadata: Metadata,
    /// Its code.
    pub code: Vec<u8>,
    /// Where the code is, when that is a file.
    pub path: Option<PathBuf>,
}

impl Source {
    /// Tells names, files and images apart by how they are written.
    ///
    /// # Errors
    /// When it looks like an image's name and is none.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let is_wasm = Path::new(text)
            .extension()
            .is_some_and(|kind| kind == "wasm");
        if text.starts_with("oci://") {
            Ok(Self::Image(reference::parse(text)?))
        } else if is_wasm || text.starts_with(['.', '/']) {
            Ok(Self::File(text.into()))
        } else if text.contains(['/', ':', '@']) {
            Ok(Self::Image(reference::parse(text)?))
        } else {
            Ok(Self::Name(text.to_owned()))
        }
    }

    /// Fetches the plugin.
    ///
    /// # Errors
    /// When it is not there, or is no plugin.
    pub async fn fetch(
        &self,
        registry: &Registry,
        environment: &Environment,
    ) -> Result<Fetched, Failure> {
        match self {
            Self::Name(name) => read(&built(name, environment)?),
            Self::File(path) => read(&environment.directory().join(path)),
            Self::Image(reference) => {
                // Once: a tag that moves meanwhile would pair one image's code with another's metadata.
                let pulled = registry.pull(reference).await?;
                Ok(Fetched {
                    metadata: pulled.metadata,
                    code: pulled.code,
                    path: None,
                })
            }
        }
    }
}

/// A module from a file.
///
/// # Errors
/// When it cannot be read, or is no module.
pub fn read(path: &Path) -> Result<Fetched, Failure> {
    let code = std::fs::read(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(|error| Failure::new(Exit::BadInput, error))?;
    let metadata =
        describe(path, &code).map_err(|error| Failure::from(error).context(path.display()))?;
    Ok(Fetched {
        metadata,
        code,
        path: Some(path.to_path_buf()),
    })
}

/// Of a module that weft did not build, its file gives the name.
fn describe(path: &Path, code: &[u8]) -> Result<Metadata, ModuleError> {
    let facts = module::facts(code)?;
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(facts.metadata.unwrap_or_else(|| Metadata {
        name,
        version: String::new(),
        description: String::new(),
        abi: facts.abi.unwrap_or_default(),
        phase: Phase::default(),
        callbacks: facts.callbacks,
        schema: None,
    }))
}

/// The module that `weft plugin build NAME` made in the workspace around the working directory.
fn built(name: &str, environment: &Environment) -> Result<PathBuf, Failure> {
    let folders = || environment.directory().ancestors();
    let target = environment
        .path("CARGO_TARGET_DIR")
        .into_iter()
        .chain(folders().map(|folder| folder.join("target")));
    let file = format!("{name}.wasm");
    if let Some(found) = target
        .map(|target| target.join("wasm").join(&file))
        .find(|path| path.is_file())
    {
        return Ok(found);
    }
    let is_here = folders().any(|folder| {
        folder
            .join("plugins")
            .join(name)
            .join("Cargo.toml")
            .is_file()
    });
    let hint = if is_here {
        format!("it is not built: run `weft plugin build {name}`, or add --build")
    } else {
        format!(
            "there is no plugins/{name} in {} or above. A module is named by its file (./{name}.wasm), an image by its \
             registry (registry.example/{name}:1)",
            environment.directory().display()
        )
    };
    Err(Failure::text(
        Exit::Usage,
        format!("cannot find the plugin {name}: {hint}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::registry::fake::{Fake, Mood};

    #[test]
    fn an_argument_is_told_by_its_shape() {
        let file = |path: &str| Source::File(path.into());
        let image = |name: &str| Source::Image(name.parse().unwrap());
        let cases = [
            ("rate-limit", Source::Name("rate-limit".into())),
            ("rate-limit.wasm", file("rate-limit.wasm")),
            ("./here", file("./here")),
            ("/x/y.wasm", file("/x/y.wasm")),
            ("target/wasm/x.wasm", file("target/wasm/x.wasm")),
            ("r.example/x:1", image("r.example/x:1")),
            ("oci://r.example/x.wasm", image("r.example/x.wasm")),
            ("x:1", image("x:1")),
        ];
        for (text, wanted) in cases {
            assert_eq!(Source::parse(text).unwrap(), wanted, "{text}");
        }
        assert!(Source::parse("r.example/X:1").is_err());
    }

    #[tokio::test]
    async fn a_tag_is_asked_for_once() {
        let fake = Fake::start(Mood::Good).await;
        let reference = reference::parse(&format!("{}/x:1", fake.address)).unwrap();
        let registry = Registry::new(crate::registry::Credentials::none(), true);
        let metadata = Metadata {
            name: "x".to_owned(),
            version: "1".to_owned(),
            description: String::new(),
            abi: "0.2.1".to_owned(),
            phase: Phase::Stats,
            callbacks: Vec::new(),
            schema: None,
        };
        let packed = crate::plugin::image::pack(b"\0asm\x01\0\0\0", &metadata).unwrap();
        registry.push(&packed, &reference).await.unwrap();

        let source = Source::Image(reference);
        let fetched = source
            .fetch(&registry, &Environment::default())
            .await
            .unwrap();

        assert_eq!(fetched.metadata, metadata);
        let asked = fake.asked();
        let tags: Vec<_> = asked
            .iter()
            .filter(|asked| asked.starts_with("GET") && asked.ends_with("/manifests/1"))
            .collect();
        assert_eq!(tags.len(), 1, "{asked:?}");
    }

    #[test]
    fn a_name_is_looked_for_upwards() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("plugins/x/src");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(root.path().join("plugins/x/Cargo.toml"), "").unwrap();
        let environment = Environment::of(&below, []);
        let error = built("x", &environment).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains("weft plugin build x"), "{error}");
        assert!(
            built("y", &environment)
                .unwrap_err()
                .to_string()
                .contains("./y.wasm")
        );
        std::fs::create_dir_all(root.path().join("target/wasm")).unwrap();
        std::fs::write(root.path().join("target/wasm/x.wasm"), "").unwrap();
        assert_eq!(
            built("x", &environment).unwrap(),
            root.path().join("target/wasm/x.wasm")
        );
    }

    #[test]
    fn a_file_that_is_no_module_is_named() {
        let file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
        let error = read(file.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&file.path().display().to_string()),
            "{error}"
        );
        assert_eq!(error.exit(), Exit::BadInput);
        assert_eq!(
            read(Path::new("/nowhere.wasm")).unwrap_err().exit(),
            Exit::BadInput
        );
    }
}
