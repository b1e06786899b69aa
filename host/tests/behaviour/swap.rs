//! Another component in the file of an agent that serves.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::client::{Protocol, empty, get, in_time, piece, request, send, until};
use super::process::{Host, binary, guest, message};

const CARD: &str = "/.well-known/agent-card.json";
const DIGEST: &str = "attache-component-digest";

/// A folder with an agent's file, and others that take its place.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Self { folder };
        files.put(&variant("one"));
        files
    }

    fn agent(&self) -> PathBuf {
        self.folder.path().join("agent.wasm")
    }

    /// As tools do that publish files: whole, at once.
    fn put(&self, content: &[u8]) {
        let partial = self.folder.path().join("partial");
        fs::write(&partial, content).unwrap();
        fs::rename(partial, self.agent()).unwrap();
    }

    fn serve(&self, environment: &[(&str, &str)]) -> Host {
        Host::start_component(&self.agent(), environment)
    }
}

/// The probe with something in it that changes nothing but its digest: a custom section.
fn variant(name: &str) -> Vec<u8> {
    let mut component = fs::read(guest("host-probe")).unwrap();
    component.extend([0, 1 + name.len() as u8, name.len() as u8]);
    component.extend(name.bytes());
    component
}

fn digest_of(component: &[u8]) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(component);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

async fn serving(host: &Host) -> String {
    let card = get(host, CARD).await;
    card.headers[DIGEST].to_str().unwrap().to_owned()
}

async fn until_serves(host: &Host, component: &[u8]) {
    let digest = digest_of(component);
    until(|| serving(host), |serving| *serving == digest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_served_and_what_runs_ends_on_the_old_one() {
    let files = Files::new();
    let host = files.serve(&[("ATTACHE_WATCH", "0.05")]);
    assert_eq!(serving(&host).await, digest_of(&variant("one")));
    let slow = request(&host, Protocol::Http1, "/stream?count=40&ms=100");
    let mut stream = send(host.address, Protocol::Http1, slow.body(empty()).unwrap())
        .await
        .unwrap();
    let mut pieces = 0;
    piece(stream.body_mut()).await.unwrap().unwrap();
    files.put(&variant("two"));
    until_serves(&host, &variant("two")).await;
    while let Some(next) = piece(stream.body_mut()).await {
        next.unwrap();
        pieces += 1;
    }
    assert_eq!(pieces, 39);
    let swapped = host.log_with("another component serves from now on");
    assert_eq!(swapped["from"], digest_of(&variant("one")));
    assert_eq!(swapped["to"], digest_of(&variant("two")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_has_the_file_looked_at() {
    let files = Files::new();
    let host = files.serve(&[("ATTACHE_WATCH", "0")]);
    files.put(&variant("two"));
    host.signal("HUP");
    until_serves(&host, &variant("two")).await;
    host.signal("HUP");
    host.log_with("the component in the file is the one that serves: sha256:");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_agent_is_refused_and_the_old_one_goes_on() {
    let files = Files::new();
    let host = files.serve(&[("ATTACHE_WATCH", "0.05")]);
    let broken = [
        (b"not a component".to_vec(), "not a WebAssembly component"),
        (
            fs::read(guest("host-stranger")).unwrap(),
            "does not give: tests:stranger",
        ),
        // Its card is wrong, as the component itself says.
        (fs::read(guest("card-probe")).unwrap(), "card"),
    ];
    for (content, why) in broken {
        files.put(&content);
        let refusal = |entry: &Value| {
            message(entry).starts_with("the new component is refused")
                && message(entry).contains(why)
        };
        host.log(why, refusal);
        assert_eq!(serving(&host).await, digest_of(&variant("one")));
        assert_eq!(get(&host, "/").await.text, "ok");
    }
    files.put(&variant("two"));
    until_serves(&host, &variant("two")).await;
    fs::remove_file(files.agent()).unwrap();
    host.signal("HUP");
    host.log_with("agent.wasm: No such file");
    assert_eq!(get(&host, "/").await.text, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiled_file_has_the_digest_of_its_component() {
    let files = Files::new();
    let compiled = files.folder.path().join("agent.cwasm");
    for cpu in ["x86-64-v2", "x86-64-v3"] {
        let mut compile = binary();
        compile
            .arg("compile")
            .arg(files.agent())
            .arg("-o")
            .arg(&compiled);
        let output = compile.args(["--cpu", cpu]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let host = Host::start_component(&compiled, &[]);
        assert_eq!(serving(&host).await, digest_of(&variant("one")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_compiled_at_the_start_serves_at_once_and_for_good_later() {
    let files = Files::new();
    let log = [("RUST_LOG", "info,attache_host::agent=debug")];
    let host = files.serve(&log);
    let slow = request(&host, Protocol::Http1, "/stream?count=40&ms=100");
    let mut stream = send(host.address, Protocol::Http1, slow.body(empty()).unwrap())
        .await
        .unwrap();
    let digest = digest_of(&variant("one"));
    let logged = |text: &str| {
        let entries = host.entries();
        entries.iter().any(|entry| message(entry).contains(text))
    };
    let asking = in_time(async {
        let mut asked = 0;
        loop {
            assert_eq!(get(&host, "/").await.text, "ok");
            assert_eq!(serving(&host).await, digest);
            asked += 1;
            if asked > 1 && logged("is compiled for good: ") {
                break;
            }
        }
    });
    let reading = async {
        let mut pieces = 0;
        while let Some(piece) = piece(stream.body_mut()).await {
            piece.unwrap();
            pieces += 1;
        }
        pieces
    };
    let ((), pieces) = tokio::join!(asking, reading);
    assert_eq!(pieces, 40);
    assert_eq!(get(&host, "/").await.text, "ok");
    assert_eq!(serving(&host).await, digest);
    // Nobody deployed anything.
    assert!(!logged("another component serves"));
}

fn cached(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_compiled_once() {
    let files = Files::new();
    let cache = files.folder.path().join("cache");
    let environment = [("ATTACHE_CACHE_DIR", cache.to_str().unwrap())];
    let host = files.serve(&environment);
    // It is served before, as a draft.
    let kept = until(
        || async { cached(&cache) },
        |kept| {
            kept.iter()
                .any(|file| file.extension().is_some_and(|end| end == "cwasm"))
        },
    )
    .await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    drop(host);
    let digest = digest_of(&variant("one"));
    let name = kept[0].file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with(digest.trim_start_matches("sha256:")),
        "{name}"
    );
    let written = kept[0].metadata().unwrap().len();

    // Another start finds it; one that is damaged is not run.
    assert_eq!(get(&files.serve(&environment), "/").await.text, "ok");
    let mut damaged = fs::read(&kept[0]).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&kept[0], &damaged).unwrap();
    let host = files.serve(&environment);
    assert_eq!(get(&host, "/").await.text, "ok");
    let mended = || async { fs::read(&kept[0]).unwrap() };
    let mended = until(mended, |content| *content != damaged).await;
    assert_eq!(mended.len() as u64, written);
    assert_eq!(cached(&cache), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_others_may_write_to_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::new();
    let cache = files.folder.path().join("cache");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    let host = files.serve(&[("ATTACHE_CACHE_DIR", cache.to_str().unwrap())]);
    host.log_with("other users may write to the folder");
    assert!(cached(&cache).is_empty());
}
