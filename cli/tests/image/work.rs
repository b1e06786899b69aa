//! Hosts, and images taken apart.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::tool::Desk;

/// A host that is static: what `make image` left.
pub(crate) fn static_host() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let rootfs = std::env::var_os("ATTACHE_IMAGE_ROOTFS")
        .map_or_else(|| workspace.join("target/image/rootfs"), PathBuf::from);
    let host = workspace.join(rootfs).join("attache-host");
    assert!(
        host.is_file(),
        "run `make image PROFILE=fast`: {} is missing",
        host.display()
    );
    host
}

/// What passes for a static program: an ELF header, and one segment that is loaded. With a `loader`, it is
/// linked dynamically.
pub(crate) fn program(machine: u16, loader: Option<&str>) -> Vec<u8> {
    const HEADERS: u64 = 64 + 2 * 56;
    let text = loader.map_or_else(
        || b"a host".to_vec(),
        |loader| [loader.as_bytes(), b"\0"].concat(),
    );
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    elf.extend(3_u16.to_le_bytes());
    elf.extend(machine.to_le_bytes());
    elf.extend(1_u32.to_le_bytes());
    // Where it begins, and where the headers of segments and sections are.
    for place in [HEADERS, 64, 0] {
        elf.extend(place.to_le_bytes());
    }
    elf.extend(0_u32.to_le_bytes());
    for number in [64_u16, 56, 2, 64, 0, 0] {
        elf.extend(number.to_le_bytes());
    }
    const LOAD: u32 = 1;
    const INTERPRETER: u32 = 3;
    const NOTHING: u32 = 0;
    for kind in [
        LOAD,
        if loader.is_some() {
            INTERPRETER
        } else {
            NOTHING
        },
    ] {
        elf.extend(kind.to_le_bytes());
        elf.extend(5_u32.to_le_bytes());
        let size = text.len() as u64;
        for number in [HEADERS, HEADERS, HEADERS, size, size, 8] {
            elf.extend(number.to_le_bytes());
        }
    }
    assert_eq!(elf.len() as u64, HEADERS);
    [elf, text].concat()
}

pub(crate) const AMD64: u16 = 62;
pub(crate) const ARM64: u16 = 183;

/// A desk with a host that is small, `host`, and a component, `one.wasm`.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("host", program(AMD64, None));
    desk.agent("hello-agent", "one");
    desk
}

/// `attache image` of these two, as they are.
pub(crate) fn image<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["image", "--component", "one.wasm", "--host-bin", "host"];
    all.extend(["--no-precompile", "-o", "json"]);
    all.extend(arguments);
    all
}

pub(crate) fn digest(content: &[u8]) -> String {
    let digits = Sha256::digest(content);
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// What is under a descriptor, in a layout; its digest and its size are compared.
pub(crate) fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let named = descriptor["digest"].as_str().unwrap();
    let file = layout.join("blobs").join(named.replace(':', "/"));
    let content = fs::read(file).unwrap();
    assert_eq!(digest(&content), named);
    assert_eq!(descriptor["size"], content.len());
    content
}

pub(crate) fn json(content: &[u8]) -> Value {
    serde_json::from_slice(content).unwrap()
}

/// A file in a layout.
pub(crate) fn read(layout: &Path, name: &str) -> Value {
    json(&fs::read(layout.join(name)).unwrap())
}

/// The tar file in a layer.
pub(crate) fn unpacked(layer: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    GzDecoder::new(layer).read_to_end(&mut tar).unwrap();
    tar
}

/// What the system's own tar says, or does.
pub(crate) fn tar(arguments: &[&str]) -> String {
    let output = Command::new("tar")
        .args(arguments)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Each entry of a layer as tar lists it: mode, owner, size, time and path.
pub(crate) fn listed(desk: &Desk, layer: &[u8]) -> Vec<String> {
    let file = desk.put("layer.tar.gz", layer);
    let listed = tar(&[
        "--numeric-owner",
        "--full-time",
        "-tvzf",
        file.to_str().unwrap(),
    ]);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    listed.lines().map(words).collect()
}
