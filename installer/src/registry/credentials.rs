//! Credentials where Docker keeps them: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`, and the helper
//! programs that it names. `docker login`, `podman login --compat-auth-file` and `crane auth login` write them.

use super::RegistryError;
use crate::environment::Environment;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;
use std::io;
use std::path::{Path, PathBuf};

/// Docker Hub under the name that helpers know it by.
const HUB: &str = "https://index.docker.io/v1/";

/// Where to look for credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    file: Option<PathBuf>,
}

impl Credentials {
    /// Those of the user.
    #[must_use]
    pub fn of_user(environment: &Environment) -> Self {
        let folder = environment
            .path("DOCKER_CONFIG")
            .or_else(|| environment.home().map(|home| home.join(".docker")));
        Self {
            file: folder.map(|folder| folder.join("config.json")),
        }
    }

    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// For one registry; nothing is known for most.
    pub(crate) async fn of(&self, registry: &str) -> Result<RegistryAuth, RegistryError> {
        let Some(file) = self.file.clone() else {
            return Ok(RegistryAuth::Anonymous);
        };
        let registry = registry.to_owned();
        // A helper is a program that may ask a keychain and take its time.
        let looked = tokio::task::spawn_blocking(move || look_up(&file, &registry)).await;
        looked.unwrap_or_else(|error| {
            Err(RegistryError::Credentials {
                file: String::new(),
                reason: error.to_string(),
            })
        })
    }
}

fn look_up(file: &Path, registry: &str) -> Result<RegistryAuth, RegistryError> {
    let refused = |reason: String| RegistryError::Credentials {
        file: file.display().to_string(),
        reason,
    };
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(RegistryAuth::Anonymous);
        }
        Err(error) => return Err(refused(error.to_string())),
    };
    let server = if registry == "index.docker.io" {
        HUB
    } else {
        registry
    };
    match docker_credential::get_credential_from_reader(text.as_slice(), server) {
        Ok(DockerCredential::UsernamePassword(name, password)) => {
            Ok(RegistryAuth::Basic(name, password))
        }
        Ok(DockerCredential::IdentityToken(_)) => Err(refused(format!(
            "it holds an identity token for {registry}, which weft cannot trade for access: log in with a password or an access token"
        ))),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(RegistryAuth::Anonymous),
        // What helpers say about a registry that they have never heard of.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("not found") =>
        {
            Ok(RegistryAuth::Anonymous)
        }
        Err(CredentialRetrievalError::ConfigReadError) => {
            Err(refused("it is no JSON that Docker would read".to_owned()))
        }
        Err(error) => Err(refused(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn looked_up(config: &str, registry: &str) -> Result<RegistryAuth, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        fs::write(&file, config).unwrap();
        look_up(&file, registry).map_err(|error| error.to_string())
    }

    #[test]
    fn credentials_are_found_for_their_registry_alone() {
        // "me:secret" and "hub:secret"
        let config = r#"{"auths": {"r.example:5000": {"auth": "bWU6c2VjcmV0"},
                                    "https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldA=="}}}"#;
        let basic = |name: &str| RegistryAuth::Basic(name.to_owned(), "secret".to_owned());
        assert_eq!(looked_up(config, "r.example:5000"), Ok(basic("me")));
        assert_eq!(looked_up(config, "index.docker.io"), Ok(basic("hub")));
        assert_eq!(
            looked_up(config, "other.example"),
            Ok(RegistryAuth::Anonymous)
        );
    }

    #[test]
    fn no_file_is_no_mistake_and_a_broken_one_is() {
        assert_eq!(
            look_up(Path::new("/nowhere/config.json"), "r").unwrap(),
            RegistryAuth::Anonymous
        );
        assert!(looked_up("{", "r").unwrap_err().contains("config.json"));
    }

    #[test]
    fn an_identity_token_is_refused_by_name() {
        let config = r#"{"auths": {"r.example": {"identitytoken": "t"}}}"#;
        assert!(
            looked_up(config, "r.example")
                .unwrap_err()
                .contains("identity token")
        );
    }

    #[test]
    fn the_folder_is_dockers() {
        let file = |variables: &[(&str, &str)]| {
            Credentials::of_user(&Environment::of("/", variables.iter().copied())).file
        };
        assert_eq!(
            file(&[("DOCKER_CONFIG", "/d"), ("HOME", "/h")]),
            Some("/d/config.json".into())
        );
        assert_eq!(
            file(&[("HOME", "/h")]),
            Some("/h/.docker/config.json".into())
        );
        assert_eq!(file(&[]), None);
    }
}
