use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::client::get;
use super::process::{Host, compiled_probe, run};

/// A folder with a configuration file and a secret beside it; `DIR` in the text is the folder.
struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = text.replace("DIR", folder.path().to_str().unwrap());
        fs::write(folder.path().join("attache.toml"), text).unwrap();
        fs::write(folder.path().join("secret"), "hidden\n").unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self) -> String {
        self.path("attache.toml").to_str().unwrap().to_owned()
    }
}

fn shown(arguments: &[&str], environment: &[(&str, &str)]) -> Value {
    let mut all = vec!["config", "--output=json"];
    all.extend(arguments);
    let output = run(&all, environment);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("hidden"));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn row(shown: &Value, key: &str) -> (String, String) {
    let mut settings = shown["settings"].as_array().unwrap().iter();
    let setting = settings.find(|setting| setting["key"] == key);
    let setting = setting.unwrap_or_else(|| panic!("{key} is not in {shown:#}"));
    let text = |name: &str| setting[name].as_str().unwrap_or_default().to_owned();
    let source = format!("{} {}", text("source"), text("from"));
    (text("value"), source.trim_end().to_owned())
}

fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{complaint}");
    assert!(output.stdout.is_empty());
    assert!(!complaint.contains("hidden"), "{complaint}");
    complaint
}

#[test]
fn flags_go_before_variables_and_these_before_the_file() {
    let folder = Folder::with("port = 1\nlease = 2\ndrain = 3\nmemory = \"64MiB\"\n");
    let probe = compiled_probe().to_str().unwrap();
    let shown = shown(
        &[probe, "--port=10", "--config-file", &folder.file()],
        &[
            ("PORT", "20"),
            ("ATTACHE_LEASE", "21"),
            // Empty is not set.
            ("ATTACHE_DRAIN", ""),
            ("K_SERVICE", "agent"),
            ("ATTACHE_AUTH", "none"),
        ],
    );
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    let place = |line: u32| format!("file {}:{line}", folder.file());
    assert_eq!(row(&shown, "component").1, "flag COMPONENT");
    assert_eq!(row(&shown, "port"), pair("10", "flag --port"));
    assert_eq!(
        row(&shown, "lease"),
        pair("21", "environment ATTACHE_LEASE")
    );
    assert_eq!(row(&shown, "drain"), pair("3", &place(3)));
    assert_eq!(row(&shown, "memory"), pair("64MiB", &place(4)));
    assert_eq!(row(&shown, "max-body"), pair("32MiB", "default"));
    assert_eq!(shown["found"]["listen"], "0.0.0.0:10");
    assert_eq!(shown["found"]["platform"], "Cloud Run, service agent");
}

#[test]
fn another_name_of_a_variable_goes_before_the_file_too() {
    let probe = compiled_probe().display();
    let text = format!("public-url = \"https://file.example\"\ncomponent = \"{probe}\"\n");
    let folder = Folder::with(&text);
    let file = folder.file();
    let arguments = ["--config-file", &file];
    let url = |environment| row(&shown(&arguments, environment), "public-url").0;
    assert_eq!(url(&[]), "https://file.example");
    assert_eq!(url(&[("APP_URL", "https://app.example")]), "found out");
    let component = row(&shown(&arguments, &[]), "component");
    assert_eq!(component, (probe.to_string(), format!("file {file}:2")));
}

#[test]
fn a_host_runs_from_a_file_alone() {
    let folder = Folder::with(
        "card = \"hybrid\"\n[config]\nModel = \"one\"\nother = 2\nkey = { file = \"DIR/secret\" }\n",
    );
    let file = folder.file();
    let host = Host::start_with(
        &["--config", "other=flag"],
        &[
            ("ATTACHE_CONFIG_FILE", &file),
            ("ATTACHE_CONFIG_THIRD", "3"),
        ],
    );
    let config = body(&host, "/config");
    for line in [
        "model=one",
        "other=flag",
        "third=3",
        "key=hidden",
        "attache_card=hybrid",
    ] {
        assert!(config.lines().any(|found| found == line), "{config}");
    }
    assert!(!config.contains("file="), "{config}");
}

#[tokio::main]
async fn body(host: &Host, path: &str) -> String {
    get(host, path).await.text
}

#[test]
fn a_file_that_nobody_named_is_not_read() {
    let folder = Folder::with("no-such-key = 1\n");
    let output = super::process::binary()
        .arg("config")
        .arg(compiled_probe())
        .current_dir(folder.0.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn secrets_are_masked_and_their_places_named() {
    let folder = Folder::with(
        "db-host = \"10.0.0.1\"\ndb-user = \"me\"\ndb_sslmode = \"disable\"\n\
         db-pass = { file = \"DIR/secret\" }\n[config]\na = \"hidden\"\nb = { env = \"B\" }\n",
    );
    let (file, secret) = (folder.file(), folder.path("secret").display().to_string());
    let probe = compiled_probe().to_str().unwrap();
    let environment = [
        ("B", "hidden"),
        ("ATTACHE_CONFIG_C", "hidden"),
        ("ATTACHE_CONFIG_D_FILE", &*secret),
        ("ATTACHE_CLOUD_TASKS_URL", ""),
    ];
    let arguments = [probe, "--config-file", &file, "--config=e=hidden"];
    let found = shown(&arguments, &environment);
    for (key, source) in [
        ("DB_PASS", format!("file {file}:4 ({secret})")),
        ("config.a", format!("file {file}:6")),
        ("config.b", format!("file {file}:7 (environment B)")),
        ("config.c", "environment ATTACHE_CONFIG_C".to_owned()),
        ("config.d", format!("file {secret} (ATTACHE_CONFIG_D_FILE)")),
        ("config.e", "flag --config".to_owned()),
    ] {
        assert_eq!(row(&found, key), ("****".to_owned(), source));
    }
    let tasks = found["found"]["tasks"].as_str().unwrap();
    assert!(tasks.contains("10.0.0.1"), "{tasks}");

    let output = run(&[&["config"], &arguments[..]].concat(), &environment);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with("KEY "), "{table}");
    assert!(table.contains("****"), "{table}");
    assert!(!table.contains("hidden"), "{table}");
}

#[test]
fn what_the_file_says_wrong_is_one_sentence_of_both_commands() {
    let probe = compiled_probe().to_str().unwrap();
    for (text, sentence) in [
        (
            "\nmax-body = \"much\"",
            "max-body in AT:2 is \"much\": give a size from 1KiB to 4GiB",
        ),
        (
            "max-bdy = 1",
            "max-bdy in AT:1 is no setting: the nearest is max-body.",
        ),
        (
            "rust_log = \"a=loudly\"",
            "rust-log in AT:1 is \"a=loudly\": give a level",
        ),
        (
            "port = { file = \"DIR/secret\" }",
            "port in AT:1 is set: give a whole number",
        ),
        (
            "db-pass = \"hidden\"",
            "db-pass in AT:1 is set: a secret should not stand in this file",
        ),
        (
            "database-url = { file = \"DIR/secret\" }",
            "database-url in AT:1 is set: ",
        ),
        ("port = ", "(--config-file) is \"AT\": line 1 is not TOML"),
        (
            "[config]\n\"a b\" = 1",
            "a config key from AT:2 is \"a b\": use letters",
        ),
        (
            "[agents.Sales]",
            "the name of an agent in AT:1 is \"Sales\": ",
        ),
        (
            "[agents.sales]\nmax-body = 1048576",
            "agents.sales.component in AT:1 is not set: give the path of a .wasm or .cwasm file, \
             or name the agent by --agent sales=FILE.",
        ),
    ] {
        let folder = Folder::with(text);
        let file = folder.file();
        let sentence = sentence.replace("AT", &file);
        let complaints =
            ["serve", "config"].map(|verb| refused(&[verb, probe, "--config-file", &file], &[]));
        assert!(
            complaints[0].contains(&sentence),
            "{} lacks {sentence}",
            complaints[0]
        );
        assert_eq!(complaints[0], complaints[1]);
        assert_eq!(complaints[0].lines().count(), 1);
    }
    let complaint = refused(&["serve", probe, "--config-file", "/no/such.toml"], &[]);
    assert!(
        complaint.contains("(--config-file) is \"/no/such.toml\": give a file"),
        "{complaint}"
    );
}

#[test]
fn a_secret_comes_from_one_place() {
    let folder = Folder::with("");
    let secret = folder.path("secret").display().to_string();
    let probe = compiled_probe().to_str().unwrap();
    for variable in ["DB_PASS", "DATABASE_URL", "ATTACHE_CONFIG_KEY"] {
        let file = format!("{variable}_FILE");
        let complaint = refused(&["serve", probe], &[(variable, "hidden"), (&file, &secret)]);
        let sentence = format!("{variable} is set: so is {file}; unset one of them.");
        assert!(complaint.contains(&sentence), "{complaint}");
        let complaint = refused(&["serve", probe], &[(&file, "/no/such/file")]);
        let sentence = format!("{file} is \"/no/such/file\": give a file that can be read");
        assert!(complaint.contains(&sentence), "{complaint}");
    }
    let complaint = refused(&["serve", probe], &[("DATABASE_URL_FILE", &secret)]);
    let sentence = format!("DATABASE_URL in {secret} (DATABASE_URL_FILE) is set: ");
    assert!(complaint.contains(&sentence), "{complaint}");
}

#[test]
fn dead_letters_are_looked_for_where_the_file_says() {
    let folder = Folder::with("data-dir = \"DIR/none\"\nmax-body = \"1MiB\"\n");
    let file = folder.file();
    let output = run(&["dead-letters", "list", "--config-file", &file], &[]);
    assert_eq!(output.status.code(), Some(69));
    let complaint = String::from_utf8_lossy(&output.stderr);
    let missing = Path::new(&folder.path("none")).display().to_string();
    assert!(complaint.contains(&missing), "{complaint}");

    let folder = Folder::with("data-max = \"much\"\n");
    let complaint = refused(
        &["dead-letters", "list", "--config-file", &folder.file()],
        &[],
    );
    assert!(
        complaint.contains(":1 is \"much\": give a size"),
        "{complaint}"
    );
}
