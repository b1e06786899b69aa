use clap::CommandFactory;

use super::*;
use crate::config::Config;

fn read(arguments: &[&str]) -> Result<(Config, Sources), String> {
    let arguments = ["attache-host", "serve", file!()].iter().chain(arguments);
    // `file!()` is relative to the workspace, tests run in the crate.
    let arguments = arguments.map(|argument| match *argument {
        file!() => format!("../{}", file!()).into(),
        argument => argument.into(),
    });
    let given = CommandLine::read(arguments, Environment::default());
    let given = given.map_err(|error| format!("{error:?}"))?;
    let Verb::Serve(flags) = given.verb else {
        panic!("{:?}", given.verb);
    };
    let config = Config::resolve(*flags, &given.environment);
    let config = config.map_err(|error| given.sources.attribute(error).to_string())?;
    Ok((config, given.sources))
}

/// A default is literal when it could be typed: one word, which is not "none".
#[test]
fn giving_a_literal_default_changes_nothing() {
    let (unset, _) = read(&[]).unwrap();
    let unset = format!("{unset:?}");
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let mut tried = 0;
    for arg in serve.get_arguments() {
        let (Some(long), Some(default)) = (arg.get_long(), default(arg)) else {
            continue;
        };
        if default.contains(char::is_whitespace) || default == "none" {
            continue;
        }
        let (set, _) = read(&[&format!("--{long}={default}")]).unwrap();
        assert_eq!(format!("{set:?}"), unset, "--{long}={default}");
        tried += 1;
    }
    assert!(tried >= 15, "{tried}");
}

#[test]
fn a_file_completes_what_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attache.toml");
    std::fs::write(
        &path,
        "port = 1\nmax_body = \"2MiB\"\ngrpc = false\nallow-outbound = [\"a.example\", \"b.example\"]\n\
         drain = 2.5\npublic-url = \"https://a.example\"\nrust-log = \"warn\"\n",
    )
    .unwrap();
    let file = format!("--config-file={}", path.display());
    let (config, sources) = read(&[&file, "--port=0"]).unwrap();
    assert_eq!(config.listen.port(), 0);
    assert_eq!(config.agents[0].max_body, 2 << 20);
    assert!(!config.agents[0].grpc);
    assert_eq!(config.drain.as_millis(), 2500);
    assert_eq!(config.log.filter, "warn");
    let source = |key: &str| {
        let mut settings = sources.0.iter();
        let setting = settings.find(|setting| setting.key == key).unwrap();
        (setting.value.clone().unwrap(), setting.source.to_string())
    };
    let place = |line: u32| format!("file {}:{line}", path.display());
    assert_eq!(source("port"), ("0".into(), "flag --port".into()));
    assert_eq!(source("max-body"), ("2MiB".into(), place(2)));
    assert_eq!(
        source("allow-outbound"),
        ("a.example,b.example".into(), place(4))
    );
    assert_eq!(source("RUST_LOG"), ("warn".into(), place(7)));
    assert_eq!(source("lease"), ("15".into(), "default".into()));
    assert_eq!(config.public_url.unwrap().as_str(), "https://a.example");
}
