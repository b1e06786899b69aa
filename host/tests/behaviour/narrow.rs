//! Machines that give a process less than others: address space, system calls.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use futures_util::future::join_all;
use http::StatusCode;

use super::client::get;
use super::process::{Host, binary, compiled_probe, guest, run};

const GIB: u64 = 1 << 20;

/// A host whose process may reserve so many kibibytes.
fn limited(kib: u64, component: &Path, arguments: &[&str]) -> Host {
    let mut shell = Command::new("sh");
    let limit = format!("ulimit -v {kib}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(limit).arg(binary().get_program());
    Host::start_within(shell, component, arguments)
}

/// The probe, for a small address space.
fn small_probe() -> &'static Path {
    static COMPILED: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut name = compiled_probe().as_os_str().to_owned();
        name.push(".small");
        let file = PathBuf::from(name);
        if !file.exists() {
            let source = guest("host-probe");
            let [source, output] = [&source, &file].map(|path| path.to_str().unwrap());
            let output = run(
                &["compile", source, "--address-space", "small", "-o", output],
                &[],
            );
            assert!(output.status.success(), "{output:?}");
        }
        file
    });
    &COMPILED
}

/// What many requests at once are answered with.
async fn many(host: &Host) -> Vec<StatusCode> {
    let asked = (0..24).map(|_| async { get(host, "/sleep?ms=300").await.status });
    join_all(asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_of_address_space_is_enough() {
    let arguments = ["--address-space", "small"];
    let host = limited(GIB, small_probe(), &arguments);
    assert_eq!(many(&host).await, [StatusCode::OK; 24]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_compiled_here_fits_in_what_there_is() {
    let host = limited(4 * GIB, &guest("host-probe"), &[]);
    host.log_with("each access to memory is checked: a pool");
    assert_eq!(many(&host).await, [StatusCode::OK; 24]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_told_to_try_again() {
    let host = limited(24 * GIB, compiled_probe(), &[]);
    host.log_with("each takes four gigabytes of it: a pool");
    let answers = many(&host).await;
    let served = answers.iter().filter(|status| **status == StatusCode::OK);
    let refused = answers
        .iter()
        .filter(|status| **status == StatusCode::SERVICE_UNAVAILABLE);
    let (served, refused) = (served.count(), refused.count());
    assert!(served >= 2 && refused >= 2, "{answers:?}");
    assert_eq!(served + refused, answers.len(), "{answers:?}");
}

#[test]
fn what_was_compiled_for_another_address_space_says_so() {
    let component = small_probe().to_str().unwrap();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let output = run(
        &["serve", component, "--port", "0", "--data-dir", folder],
        &[("ATTACHE_LOG_FORMAT", "json")],
    );
    assert_eq!(output.status.code(), Some(65));
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(log.contains("is for another address space"), "{log}");
    assert!(log.contains("ATTACHE_ADDRESS_SPACE"), "{log}");
}

/// Runs the rest of its arguments where two system calls fail: `memfd_create`, and the `ioctl` that
/// tells which pages were touched. Old kernels have neither, and some sandboxes.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const WITHOUT: &str = r#"
import ctypes, errno, os, platform, struct, sys
memfd, ioctl = {"x86_64": (319, 16), "aarch64": (279, 29)}[platform.machine()]
PAGEMAP_SCAN = 0xC0606610
LOAD, EQUAL, RETURN, ALLOW = 0x20, 0x15, 0x06, 0x7FFF0000
refuse = lambda error: 0x00050000 | error
program = [
    (LOAD, 0, 0, 0),
    (EQUAL, 0, 1, memfd), (RETURN, 0, 0, refuse(errno.ENOSYS)),
    (EQUAL, 0, 3, ioctl), (LOAD, 0, 0, 24),
    (EQUAL, 0, 1, PAGEMAP_SCAN), (RETURN, 0, 0, refuse(errno.ENOTTY)),
    (RETURN, 0, 0, ALLOW),
]
code = b"".join(struct.pack("HBBI", *step) for step in program)
buffer = ctypes.create_string_buffer(code)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer)))
libc = ctypes.CDLL(None, use_errno=True)
for call in ((38, 1, 0, 0, 0), (22, 2, filter)):
    if libc.prctl(*call) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_without_newer_calls_will_do() {
    let mut python = Command::new("python3");
    python.args(["-c", WITHOUT]).arg(binary().get_program());
    let host = Host::start_within(python, compiled_probe(), &[]);
    assert!(!host.maps().contains("/memfd:"), "the call was not refused");
    assert!(Host::start(&[]).maps().contains("/memfd:"));
    for _ in 0..3 {
        assert_eq!(many(&host).await, [StatusCode::OK; 24]);
    }
}
