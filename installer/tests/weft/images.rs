//! Images in a real registry, read back by ourselves and by a program that is not ours.

use crate::support::{command, ended, eventually, folder, tool, weft};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

struct Registry {
    child: Child,
    address: String,
}

impl Registry {
    /// A registry in a folder of the test, on a free port.
    fn start(folder: &Path) -> Option<Self> {
        Self::with(folder, "")
    }

    /// The same with more settings of its `http` block.
    fn with(folder: &Path, http: &str) -> Option<Self> {
        let program = tool(&["registry", "docker-registry"])?;
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let data = folder.join("registry");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{address}'{http}}}\n",
            data.display()
        );
        std::fs::write(folder.join("registry.yml"), config).unwrap();
        let child = Command::new(program)
            .arg("serve")
            .arg(folder.join("registry.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("the registry", || TcpStream::connect(&address).is_ok());
        Some(Self { child, address })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = weft(folder, arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn push(folder: &Path, image: &str) -> serde_json::Value {
    json(
        folder,
        &[
            "plugin",
            "push",
            "tiny.wasm",
            image,
            "--plain-http",
            "-o",
            "json",
        ],
    )
}

#[test]
fn a_plugin_goes_to_a_registry_and_comes_back() {
    let folder = folder();
    let Some(registry) = Registry::start(folder.path()) else {
        return;
    };
    let image = format!("{}/weft/tiny:1", registry.address);
    let pushed = push(folder.path(), &image);
    let digest = pushed["digest"].as_str().unwrap();
    let reference = pushed["reference"].as_str().unwrap();
    assert_eq!(
        reference,
        format!("oci://{}/weft/tiny@{digest}", registry.address)
    );
    let again = push(folder.path(), &image);
    assert_eq!(again, pushed, "the same file gives the same image");
}

#[test]
fn what_is_in_a_registry_is_found_again() {
    let folder = folder();
    let Some(registry) = Registry::start(folder.path()) else {
        return;
    };
    let image = format!("{}/weft/tiny:1", registry.address);
    let pushed = push(folder.path(), &image);
    let reference = pushed["reference"].as_str().unwrap();
    let held = json(
        folder.path(),
        &["plugin", "inspect", reference, "--plain-http", "-o", "json"],
    );
    assert_eq!(
        (held["name"].as_str(), held["image"]["layout"].as_str()),
        (Some("tiny"), Some("compat"))
    );
    assert_eq!(
        held["image"]["layers"][0]["mediaType"],
        "application/vnd.weft.plugin.metadata.v1+json"
    );
    json(
        folder.path(),
        &[
            "plugin",
            "pull",
            reference,
            "back.wasm",
            "--plain-http",
            "-o",
            "json",
        ],
    );
    let file = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(file("back.wasm"), file("tiny.wasm"));
    let stdout = weft(
        folder.path(),
        &["plugin", "pull", &image, "-", "--plain-http"],
    )
    .stdout;
    assert_eq!(stdout, file("tiny.wasm"));
    std::fs::write(folder.path().join("c.yaml"), "a: 1").unwrap();
    let verdict = json(
        folder.path(),
        &[
            "plugin",
            "check",
            &image,
            "-f",
            "c.yaml",
            "--plain-http",
            "-o",
            "json",
        ],
    );
    assert_eq!(verdict["accepted"], true);
}

#[test]
fn a_program_that_is_not_ours_agrees_on_the_digest_and_can_copy_the_image() {
    let folder = folder();
    let (Some(registry), Some(skopeo)) = (Registry::start(folder.path()), tool(&["skopeo"])) else {
        return;
    };
    let image = format!("{}/weft/tiny:1", registry.address);
    let pushed = push(folder.path(), &image);
    let run = |arguments: &[&str]| {
        let output = Command::new(&skopeo).args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    let seen: serde_json::Value = serde_json::from_slice(&run(&[
        "inspect",
        "--tls-verify=false",
        &format!("docker://{image}"),
    ]))
    .unwrap();
    assert_eq!(seen["Digest"], pushed["digest"]);
    let copy = format!("{}/copied/tiny:1", registry.address);
    let (from, to) = (format!("docker://{image}"), format!("docker://{copy}"));
    run(&[
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        &from,
        &to,
    ]);
    let held = json(
        folder.path(),
        &["plugin", "inspect", &copy, "--plain-http", "-o", "json"],
    );
    assert_eq!(held["image"]["digest"], pushed["digest"]);
}

#[test]
fn a_name_that_is_not_there_and_a_registry_without_tls_say_what_to_do() {
    let folder = folder();
    let Some(registry) = Registry::start(folder.path()) else {
        return;
    };
    let image = format!("{}/weft/none:1", registry.address);
    let cases = [
        (vec!["--plain-http"], 1, "check repository and tag"),
        (vec![], 69, "pass --plain-http"),
    ];
    for (flags, code, words) in cases {
        let output = weft(
            folder.path(),
            &[&["plugin", "pull", &image], flags.as_slice()].concat(),
        );
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

/// An authority of the test's own, and a certificate of it for localhost.
fn certify(openssl: &Path, folder: &Path) {
    let run = |line: &str| {
        let output = Command::new(openssl)
            .args(line.split(' '))
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    std::fs::write(
        folder.join("leaf.ext"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    run(&format!(
        "req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"
    ));
    run(&format!(
        "req {key} -keyout leaf.key -out leaf.csr -subj /CN=localhost"
    ));
    run(
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile leaf.ext",
    );
}

#[test]
fn over_tls_an_authority_must_be_trusted() {
    let folder = folder();
    let Some(openssl) = tool(&["openssl"]) else {
        return;
    };
    certify(&openssl, folder.path());
    let place = folder.path().display();
    let tls = format!(", tls: {{certificate: {place}/leaf.pem, key: {place}/leaf.key}}");
    let Some(registry) = Registry::with(folder.path(), &tls) else {
        return;
    };
    let port = registry.address.rsplit(':').next().unwrap();
    let push = [
        "plugin",
        "push",
        "tiny.wasm",
        &format!("localhost:{port}/tiny:1"),
    ];
    let (code, said) = ended(folder.path(), &push);
    assert!(
        code == 69 && said.contains("SSL_CERT_FILE"),
        "{code}: {said}"
    );
    let (code, said) = ended(folder.path(), &[&push[..], &["--plain-http"]].concat());
    assert!(
        code == 69 && said.contains("leave --plain-http away"),
        "{code}: {said}"
    );
    let authority = folder.path().join("ca.pem");
    let output = command(folder.path(), &push)
        .env("SSL_CERT_FILE", authority)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
