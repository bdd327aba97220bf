//! Servers that tests need: a registry, and certificates for whatever speaks TLS.

use crate::support::{eventually, tool};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A registry that ends with the test.
pub(crate) struct Registry {
    child: Child,
    pub(crate) address: String,
}

impl Registry {
    /// A registry in a folder of the test, on a free port.
    pub(crate) fn start(folder: &Path) -> Option<Self> {
        Self::with(folder, "")
    }

    /// The same with more settings of its `http` block.
    pub(crate) fn with(folder: &Path, http: &str) -> Option<Self> {
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

/// An authority of the test's own, and a certificate of it for localhost.
pub(crate) fn certify(openssl: &Path, folder: &Path) {
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
