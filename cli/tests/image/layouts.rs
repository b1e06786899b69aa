//! What is written is an image by OCI's specification, and the same each time.

use std::fs;

use serde_json::json as value;

use crate::tool::Desk;
use crate::work::{ARM64, blob, desk, digest, image, json, listed, program, read, tar, unpacked};

#[test]
fn a_file_is_a_layout_with_the_dockerfiles_image() {
    let desk = desk();
    let made = desk.tool(&image(&["--tar", "hello.tar"])).json();
    let layout = desk.path("layout");
    fs::create_dir(&layout).unwrap();
    let file = desk.path("hello.tar");
    let (file, folder) = (file.to_str().unwrap(), layout.to_str().unwrap());
    tar(&["-xf", file, "-C", folder]);

    assert_eq!(
        read(&layout, "oci-layout"),
        value!({"imageLayoutVersion": "1.0.0"})
    );
    let index = read(&layout, "index.json");
    assert_eq!(index["schemaVersion"], 2);
    let descriptor = &index["manifests"][0];
    assert_eq!(descriptor["digest"], made["digest"]);
    let platform = value!({"architecture": "amd64", "os": "linux"});
    assert_eq!(descriptor["platform"], platform);
    let name = &descriptor["annotations"]["io.containerd.image.name"];
    assert_eq!(name, "one:latest");

    let manifest = json(&blob(&layout, descriptor));
    let oci = "application/vnd.oci.image";
    assert_eq!(manifest["mediaType"], format!("{oci}.manifest.v1+json"));
    assert_eq!(
        manifest["config"]["mediaType"],
        format!("{oci}.config.v1+json")
    );
    let config = json(&blob(&layout, &manifest["config"]));
    assert_eq!(
        config["config"],
        value!({
            "User": "65532:65532",
            "ExposedPorts": {"8080/tcp": {}},
            "Env": ["ATTACHE_HOST=0.0.0.0", "ATTACHE_COMPONENT=/agent.wasm", "ATTACHE_DATA_DIR=/data"],
            "Entrypoint": ["/attache-host", "serve"],
            "Labels": {"org.opencontainers.image.title": "one"},
        })
    );
    assert_eq!(
        (&config["architecture"], &config["os"]),
        (&value!("amd64"), &value!("linux"))
    );
    assert_eq!(config["created"], "1970-01-01T00:00:00Z");
    assert_eq!(config["rootfs"]["type"], "layers");
    assert_eq!(config["history"].as_array().unwrap().len(), 2);

    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    let mut entries = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        assert_eq!(layer["mediaType"], format!("{oci}.layer.v1.tar+gzip"));
        let content = blob(&layout, layer);
        assert_eq!(
            config["rootfs"]["diff_ids"][at],
            digest(&unpacked(&content))
        );
        // Neither a time nor a name is in the head of it.
        assert_eq!(content[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        entries.push(listed(&desk, &content));
    }
    let size = |name: &str| fs::metadata(desk.path(name)).unwrap().len();
    let began = "1970-01-01 00:00:00";
    assert_eq!(
        entries,
        [
            vec![
                format!("-rwxr-xr-x 0/0 {} {began} attache-host", size("host")),
                format!("drwxr-x--- 65532/65532 0 {began} data/"),
            ],
            vec![format!(
                "-rw-r--r-- 0/0 {} {began} agent.wasm",
                size("one.wasm")
            )],
        ]
    );

    // What older versions of Docker read says the same.
    let docker = &read(&layout, "manifest.json")[0];
    assert_eq!(docker["RepoTags"], value!(["one:latest"]));
    assert_eq!(docker["Layers"].as_array().unwrap().len(), 2);
    for path in docker["Layers"]
        .as_array()
        .unwrap()
        .iter()
        .chain([&docker["Config"]])
    {
        assert!(layout.join(path.as_str().unwrap()).is_file(), "{path}");
    }
}

/// The Dockerfile in the checkout makes the same container, file by file.
#[test]
fn the_dockerfile_says_the_same() {
    let dockerfile = concat!(env!("CARGO_MANIFEST_DIR"), "/../Dockerfile");
    let dockerfile = fs::read_to_string(dockerfile).unwrap();
    let (_, stage) = dockerfile.rsplit_once("\nFROM scratch\n").unwrap();
    let of = |word: &str| -> Vec<String> {
        let lines = stage.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    let desk = desk();
    let made = desk.tool(&image(&["--layout", "layout"])).json();
    let config = json(&blob(&desk.path("layout"), &made["config"]));
    let config = &config["config"];
    let env = config["Env"].as_array().unwrap().iter();
    let env: Vec<_> = env
        .map(|one| one.as_str().unwrap().replace(".wasm", ".cwasm"))
        .collect();
    assert_eq!(of("ENV "), env);
    assert_eq!(of("USER "), [config["User"].as_str().unwrap()]);
    let ports = config["ExposedPorts"].as_object().unwrap();
    let ports: Vec<_> = ports
        .keys()
        .map(|port| port.trim_end_matches("/tcp").to_owned())
        .collect();
    assert_eq!(of("EXPOSE "), ports);
    assert_eq!(json(of("ENTRYPOINT ")[0].as_bytes()), config["Entrypoint"]);
}

#[test]
fn the_same_input_is_the_same_image_and_agents_share_the_host() {
    let desk = desk();
    let first = desk.tool(&image(&["--tar", "a.tar"])).json();
    // Other names, other times and another place change nothing.
    let other = Desk::new();
    other.put("program", fs::read(desk.path("host")).unwrap());
    other.agent("hello-agent", "one");
    let again = ["image", "--component", "one.wasm", "--host-bin", "program"];
    let again = [
        &again[..],
        &["--no-precompile", "--tar", "a.tar", "-o", "json"],
    ]
    .concat();
    let again = other.tool(&again).json();
    assert_eq!(first["digest"], again["digest"]);
    let bytes = |desk: &Desk| fs::read(desk.path("a.tar")).unwrap();
    assert!(bytes(&desk) == bytes(&other), "the files differ");

    desk.agent("hello-agent", "two");
    let second = desk.tool(&image(&["--component", "two.wasm", "--dry-run"]));
    assert_eq!(
        second.status, 64,
        "a component is given once: {}",
        second.stderr
    );
    let second = [
        "image",
        "--component",
        "two.wasm",
        "--host-bin",
        "host",
        "--no-precompile",
    ];
    let second = desk
        .tool(&[&second[..], &["--dry-run", "-o", "json"]].concat())
        .json();
    assert_ne!(first["digest"], second["digest"]);
    assert_eq!(first["layers"][0]["digest"], second["layers"][0]["digest"]);
    assert_ne!(first["layers"][1]["digest"], second["layers"][1]["digest"]);

    let dated = image(&[
        "--dry-run",
        "--label",
        "org.opencontainers.image.version=1.2",
    ]);
    let dated = desk
        .tool_with(&dated, &[("SOURCE_DATE_EPOCH", "86400")], "")
        .json();
    assert_ne!(first["digest"], dated["digest"]);
    assert_eq!(first["layers"], dated["layers"]);
}

#[test]
fn a_folder_takes_several_images_and_each_name_once() {
    let desk = desk();
    let layout = desk.path("images");
    let put = |reference: &str, more: &[&str]| {
        let mut arguments = vec![reference, "--layout", "images"];
        arguments.extend(more);
        desk.tool(&image(&arguments)).json()
    };
    let (one, two) = ("example.com/agents/hello:1", "example.com/agents/hello:2");
    put(one, &[]);
    let second = put(two, &["--label", "a=b"]);
    let first = put(one, &["--label", "c=d"]);
    let index = read(&layout, "index.json");
    let manifests = index["manifests"].as_array().unwrap();
    let named: Vec<_> = manifests
        .iter()
        .map(|manifest| {
            let annotations = &manifest["annotations"];
            let tag = annotations["org.opencontainers.image.ref.name"]
                .as_str()
                .unwrap();
            (tag, &manifest["digest"])
        })
        .collect();
    assert_eq!(named, [("2", &second["digest"]), ("1", &first["digest"])]);
    for manifest in manifests {
        let manifest = json(&blob(&layout, manifest));
        blob(&layout, &manifest["config"]);
        blob(&layout, &manifest["layers"][1]);
    }
    let by_digest = format!(
        "example.com/agents/hello@{}",
        first["digest"].as_str().unwrap()
    );
    assert_eq!(first["reference"], by_digest);
    assert_eq!(first["pushed"], false);
}

#[test]
fn the_architecture_is_that_of_the_host() {
    let desk = desk();
    desk.put("host", program(ARM64, None));
    let made = desk.tool(&image(&["--layout", "layout"])).json();
    assert_eq!(made["architecture"], "arm64");
    let config = json(&blob(&desk.path("layout"), &made["config"]));
    assert_eq!(config["architecture"], "arm64");
    let index = read(&desk.path("layout"), "index.json");
    assert_eq!(index["manifests"][0]["platform"]["architecture"], "arm64");
}

#[test]
fn a_dry_run_writes_nothing() {
    let desk = desk();
    let mut arguments = image(&["example.com/agents/hello:1", "--dry-run"]);
    arguments.retain(|word| !["-o", "json"].contains(word));
    let shown = desk.tool(&arguments);
    assert_eq!(shown.status, 0, "{}", shown.stderr);
    let begins = "example.com/agents/hello@sha256:";
    assert!(shown.stdout.starts_with(begins), "{}", shown.stdout);
    assert_eq!(shown.stdout.lines().count(), 1);
    assert!(
        shown.stderr.contains("nothing was published or written"),
        "{}",
        shown.stderr
    );
    let mut there: Vec<_> = fs::read_dir(desk.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(there, ["docker", "host", "one.wasm"]);
}
