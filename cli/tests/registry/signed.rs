//! Signatures: made by the tool in cosign's form, and wanted by the host that has the key.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::host::{Host, refused};
use super::publish::digest;
use super::store::Registry;
use super::tool::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_what_cosign_makes() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let (key, public) = desk.keys("mine");
    let (other, of_other) = desk.keys("other");
    let agent = desk.agent("hello-agent", "one");
    let reference = registry.reference("agents/hello:1");
    let sign = ["--sign", key.to_str().unwrap()];
    let pushed = desk.push(&agent, &reference, &sign);
    let of_artifact = pushed["digest"].as_str().unwrap();
    let tag = format!("sha256-{}.sig", of_artifact.trim_start_matches("sha256:"));
    assert_eq!(
        pushed["signature"],
        format!("{}/agents/hello:{tag}", registry.address)
    );

    let manifest: Value = registry
        .manifest("agents/hello", &tag)
        .await
        .json()
        .await
        .unwrap();
    let layer = &manifest["layers"][0];
    assert_eq!(
        layer["mediaType"],
        "application/vnd.dev.cosign.simplesigning.v1+json"
    );
    let payload = registry
        .blob("agents/hello", layer["digest"].as_str().unwrap())
        .await;
    let said: Value = serde_json::from_slice(&payload).unwrap();
    let critical = &said["critical"];
    assert_eq!(critical["type"], "cosign container image signature");
    assert_eq!(critical["image"]["docker-manifest-digest"], of_artifact);
    let repository = format!("{}/agents/hello", registry.address);
    assert_eq!(critical["identity"]["docker-reference"], repository);
    // As any other program verifies it.
    let signature = layer["annotations"]["dev.cosignproject.cosign/signature"].as_str();
    let signature = desk.put("signature", STANDARD.decode(signature.unwrap()).unwrap());
    let payload = desk.put("payload", payload);
    let verified = Command::new("openssl")
        .args(["dgst", "-sha256", "-verify"])
        .arg(&public)
        .arg("-signature")
        .arg(signature)
        .arg(payload)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");

    let pull = |key: &std::path::Path| {
        let key = key.to_str().unwrap();
        desk.tool(&["pull", &reference, "--force", "--key", key])
    };
    assert_eq!(pull(&public).status, 0);
    pull(&of_other).refused(65, "it was not made with the configured key");
    // Another may sign too, and neither signs twice.
    for key in [&other, &key, &other] {
        desk.push(&agent, &reference, &["--sign", key.to_str().unwrap()]);
    }
    assert_eq!(pull(&public).status, 0);
    assert_eq!(pull(&of_other).status, 0);
    let manifest: Value = registry
        .manifest("agents/hello", &tag)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);

    desk.push(&agent, &registry.reference("agents/unsigned:1"), &[]);
    let unsigned = registry.reference("agents/unsigned:1");
    let unsigned = desk.tool(&["pull", &unsigned, "--key", public.to_str().unwrap()]);
    unsigned.refused(65, "has no valid signature: there is none in the registry");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_a_key_loads_nothing_without_its_signature() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let (key, public) = desk.keys("mine");
    let (other, _) = desk.keys("other");
    let [one, two, three] = ["one", "two", "three"].map(|name| desk.agent("hello-agent", name));
    let reference = registry.reference("hello:1");
    let component = format!("oci://{reference}");
    let wants = [
        ("ATTACHE_COMPONENT_KEY_FILE", public.to_str().unwrap()),
        ("ATTACHE_CACHE_DIR", "off"),
    ];
    desk.push(&one, &reference, &[]);
    let (status, said) = refused(&desk, &component, &wants);
    assert_eq!(status, 65, "{said}");
    assert!(
        said.contains("has no valid signature: there is none"),
        "{said}"
    );
    desk.push(&one, &reference, &["--sign", other.to_str().unwrap()]);
    let (status, said) = refused(&desk, &component, &wants);
    assert_eq!(status, 65, "{said}");
    assert!(
        said.contains("it was not made with the configured key"),
        "{said}"
    );

    let sign = ["--sign", key.to_str().unwrap()];
    desk.push(&one, &reference, &sign);
    let host = Host::start(&desk, &component, &wants);
    let served = digest(&std::fs::read(&one).unwrap());
    assert_eq!(host.serving().await, served);
    desk.push(&two, &reference, &[]);
    let (status, answer) = host.swap(&component).await;
    assert_eq!((status, answer["outcome"].as_str()), (422, Some("refused")));
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("no valid signature"),
        "{answer}"
    );
    assert_eq!(host.serving().await, served);
    desk.push(&three, &reference, &sign);
    let (status, answer) = host.swap(&component).await;
    assert_eq!(status, 200, "{answer}");
    host.until_serves(&digest(&std::fs::read(&three).unwrap()))
        .await;

    // A file cannot show one.
    let (status, said) = refused(&desk, one.to_str().unwrap(), &wants);
    assert_eq!(status, 64, "{said}");
    assert!(
        said.contains("a component in a file has no signature"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_taken_with_a_signature_only() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let (key, public) = desk.keys("mine");
    let agent = desk.agent("hello-agent", "one");
    let compiled = desk.path("one.cwasm");
    let mut compile = attache_tests::server::host_command().unwrap();
    let compile = compile.arg("compile").arg(&agent).arg("-o").arg(&compiled);
    let output = compile.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let reference = registry.reference("hello:compiled");
    let pushed = desk.push(&compiled, &reference, &["--sign", key.to_str().unwrap()]);
    assert_eq!(
        pushed["component"]["mediaType"],
        "application/vnd.attache.cwasm"
    );

    let component = format!("oci://{reference}");
    let (status, said) = refused(&desk, &component, &[("ATTACHE_CACHE_DIR", "off")]);
    assert_eq!(status, 65, "{said}");
    assert!(said.contains("only with a signature"), "{said}");
    let public = std::fs::read_to_string(public).unwrap();
    let wants = [("ATTACHE_COMPONENT_KEY", public.as_str())];
    let host = Host::start(&desk, &component, &wants);
    assert_eq!(
        host.serving().await,
        digest(&std::fs::read(&agent).unwrap())
    );
}
