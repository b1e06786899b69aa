use super::*;

fn read(text: &str) -> Result<ConfigFile, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("secret"), "hidden\n").unwrap();
    let text = text.replace(
        "SECRET",
        &folder.path().join("secret").display().to_string(),
    );
    std::fs::write(&path, text).unwrap();
    let environment: Environment = [("TOKEN".to_owned(), "hidden".to_owned())]
        .into_iter()
        .collect();
    let file = ConfigFile::read(path.to_str().unwrap(), &environment);
    file.map_err(|error| {
        let folder = format!("{}/", folder.path().display());
        error.to_string().replace(&folder, "")
    })
}

#[test]
fn each_agent_has_a_table() {
    let file = read(
        "[agents.sales]\ncomponent = \"sales.wasm\"\nmax_instances = 4\nallow-outbound = [\"a\", \"b\"]\n\
         [agents.sales.config]\nMODEL = \"one\"\nkey = { file = \"SECRET\" }\n\
         [agents.support-2]\nhost = \"support.example\"\n",
    )
    .unwrap();
    let [sales, support] = file.tables.agents.as_slice() else {
        panic!("{file:?}");
    };
    assert_eq!(sales.name(), "sales");
    assert_eq!(sales.text("component").as_deref(), Some("sales.wasm"));
    assert_eq!(sales.text("max-instances").as_deref(), Some("4"));
    assert_eq!(sales.text("allow-outbound").as_deref(), Some("a,b"));
    assert_eq!(sales.text("host"), None);
    let config = sales.config();
    let value = |key: &str| config.get(key).map(|value| value.current().to_string());
    assert_eq!(value("model").as_deref(), Some("one"));
    assert_eq!(value("key").as_deref(), Some("hidden"));
    assert_eq!(support.name(), "support-2");
    assert!(support.named("host").ends_with("a.toml:9"));
    assert!(support.named("card").ends_with("a.toml:8"));
    assert!(!format!("{file:?}").contains("hidden"));

    let known = ["component", "max-instances", "allow-outbound"];
    assert!(sales.check_keys(&known).is_ok());
    let refused = support.check_keys(&known).unwrap_err().to_string();
    assert!(refused.contains("agents.support-2.host in "), "{refused}");
    assert!(refused.contains("component, max-instances"), "{refused}");
}

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    for (text, sentence) in [
        ("a = 1\nb = ", "line 2 is not TOML ("),
        ("a = 1979-05-27", "a in a.toml:1 is set: give a text"),
        ("\na = [[1]]", "a in a.toml:2 is set: give a text"),
        ("a = { file = 1 }", "a in a.toml:1 is set: give a text"),
        (
            "a = { env = \"TOKEN\", file = \"x\" }",
            "a in a.toml:1 is set: ",
        ),
        (
            "a = { env = \"NONE\" }",
            "a in a.toml:1 is \"NONE\": set that variable",
        ),
        (
            "a = { file = \"none\" }",
            "a in a.toml:1 is \"none\": give a file that can be read",
        ),
        ("a-b = 1\na_b = 2", "it is also written as"),
        (
            "config = 1",
            "config in a.toml:1 is set: give a table, [config]",
        ),
        (
            "[agents.Sales]",
            "the name of an agent in a.toml:1 is \"Sales\": ",
        ),
        (
            "[agents.\"\"]",
            "the name of an agent in a.toml:1 is \"\": ",
        ),
        ("agents.a = 1", "agents.a in a.toml:1 is set: give a table"),
        (
            "[agents.a]\nconfig = 1",
            "agents.a.config in a.toml:2 is set: give a table",
        ),
        (
            "[agents.a.config]\nattache_x = 1",
            "a config key from a.toml:2 is \"attache_x\": ",
        ),
    ] {
        let refused = read(text).unwrap_err();
        assert!(refused.contains(sentence), "{refused:?} lacks {sentence:?}");
        assert!(refused.ends_with('.'), "{refused}");
    }
}

#[test]
fn a_key_that_is_unknown_is_compared_with_those_that_are_not() {
    let known = ["max-body".to_owned(), "port".to_owned()];
    let refused = |text: &str| {
        let file = read(text).unwrap();
        file.check_keys(&known).unwrap_err().to_string()
    };
    assert!(refused("max-bdy = 1").ends_with("is no setting: the nearest is max-body."));
    assert!(refused("quux = 1").contains("--help"));
    assert!(read("max_body = 1").unwrap().check_keys(&known).is_ok());
}

#[test]
fn a_value_from_elsewhere_is_not_shown() {
    let file = read("a = { env = \"TOKEN\" }\nb = { file = \"SECRET\" }\nc = 1").unwrap();
    let entry = |key: &str| file.settings.get(key).unwrap();
    for key in ["a", "b"] {
        assert_eq!(entry(key).text(), "hidden");
        assert!(
            !entry(key)
                .refused("give another")
                .to_string()
                .contains("hidden")
        );
    }
    assert!(
        entry("c")
            .refused("give another")
            .to_string()
            .contains("\"1\"")
    );
}
