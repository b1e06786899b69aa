use super::*;
use crate::metadata::Metadata;
use crate::outbound::Network;

struct Granted {
    model: Option<Model>,
    told: BTreeMap<String, String>,
    rules: String,
}

fn granted(word: Option<&str>, variables: &[(&str, &str)]) -> Result<Granted, String> {
    with(word, variables, &[], Vec::new())
}

fn with(
    word: Option<&str>,
    variables: &[(&str, &str)],
    config: &[(&str, &str)],
    credentials: Vec<CredentialRule>,
) -> Result<Granted, String> {
    let variables = variables.iter();
    let environment: Environment = variables
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let metadata = Metadata::new("127.0.0.1:1");
    let google = Google::find(&environment, metadata, Network::default());
    let config = config.iter();
    let mut settings = config
        .map(|(key, value)| (key.to_string(), Secret::given(value)))
        .collect();
    let mut outbound = OutboundConfig {
        credentials,
        ..OutboundConfig::default()
    };
    let model = grant(
        word.map(str::to_owned),
        "auto",
        &environment,
        &google,
        &mut settings,
        &mut outbound,
    );
    let model = model.map_err(|error| error.to_string())?;
    let told = settings.iter();
    let told = told
        .map(|(key, value)| (key.clone(), value.current().as_ref().to_owned()))
        .collect();
    let rules = outbound.credentials.iter();
    let rules: Vec<_> = rules
        .map(|rule| format!("{} {}", rule.origin, rule.kind.header()))
        .collect();
    Ok(Granted {
        model,
        told,
        rules: rules.join(", "),
    })
}

fn chosen(variables: &[(&str, &str)]) -> Option<(Provider, String, &'static str)> {
    let model = granted(None, variables).unwrap().model?;
    Some((model.provider, model.name, model.because_of))
}

#[test]
fn what_the_environment_has_decides() {
    let project = ("GOOGLE_CLOUD_PROJECT", "p");
    let gemini = ("GEMINI_API_KEY", "k");
    let by = |provider, because_of| Some((provider, DEFAULT.to_owned(), because_of));
    assert_eq!(chosen(&[]), None);
    assert_eq!(chosen(&[gemini]), by(Provider::Gemini, "GEMINI_API_KEY"));
    assert_eq!(
        chosen(&[gemini, ("GOOGLE_API_KEY", "k"), project]),
        by(Provider::Gemini, "GOOGLE_API_KEY")
    );
    assert_eq!(
        chosen(&[project]),
        by(Provider::Vertex, "GOOGLE_CLOUD_PROJECT")
    );
    for value in ["1", "true", "True"] {
        let use_vertex = ("GOOGLE_GENAI_USE_VERTEXAI", value);
        assert_eq!(
            chosen(&[gemini, project, use_vertex]),
            by(Provider::Vertex, "GOOGLE_GENAI_USE_VERTEXAI")
        );
        // The newer one wins.
        let newer = ("GOOGLE_GENAI_USE_ENTERPRISE", "false");
        assert_eq!(
            chosen(&[gemini, project, use_vertex, newer]),
            by(Provider::Gemini, "GEMINI_API_KEY")
        );
    }
    // Nobody said which model.
    assert_eq!(chosen(&[("OPENAI_API_KEY", "k")]), None);
    let broken = ("GOOGLE_APPLICATION_CREDENTIALS", "/no/such");
    assert_eq!(chosen(&[project, broken]), None);
}

#[test]
fn a_component_is_told_where_its_model_is_and_not_what_opens_it() {
    let gemini = granted(None, &[("GEMINI_API_KEY", "s3cret\n")]).unwrap();
    assert_eq!(
        gemini.rules,
        "https://generativelanguage.googleapis.com x-goog-api-key"
    );
    assert_eq!(gemini.told["model_provider"], "gemini");
    assert_eq!(gemini.told["model"], DEFAULT);
    assert_eq!(gemini.told["model_base_url"], GEMINI);
    assert_eq!(gemini.told.len(), 3);

    let vertex = granted(
        Some("vertex:gemini-3.8-flash"),
        &[
            ("GOOGLE_CLOUD_PROJECT", "p"),
            ("GOOGLE_CLOUD_LOCATION", "eu"),
        ],
    )
    .unwrap();
    let base = "https://aiplatform.eu.rep.googleapis.com";
    assert_eq!(vertex.rules, format!("{base} authorization"));
    assert_eq!(vertex.told["model_base_url"], base);
    assert_eq!(vertex.told["google_cloud_project"], "p");
    assert_eq!(vertex.told["google_cloud_location"], "eu");

    let openai = granted(
        Some("openai:qwen3:8b"),
        &[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/")],
    )
    .unwrap();
    assert_eq!(openai.rules, "");
    assert_eq!(openai.told["model"], "qwen3:8b");
    assert_eq!(openai.told["model_base_url"], "http://127.0.0.1:11434/v1");
}

#[test]
fn what_is_said_explicitly_wins() {
    let rule = CredentialRule {
        origin: OriginPattern::parse("https://generativelanguage.googleapis.com", false).unwrap(),
        kind: CredentialKind::Caller,
    };
    let config = [("model", "mine"), ("model_base_url", "https://x.test")];
    let granted = with(Some("gemini"), &[], &config, vec![rule]).unwrap();
    assert_eq!(granted.told["model"], "mine");
    assert_eq!(granted.told["model_base_url"], "https://x.test");
    assert!(
        granted.rules.ends_with(" authorization"),
        "{}",
        granted.rules
    );
    let none = ("GEMINI_API_KEY", "k");
    assert!(
        super::tests::granted(Some("none"), &[none])
            .unwrap()
            .model
            .is_none()
    );
}

#[test]
fn a_model_that_cannot_be_asked_is_a_sentence_without_its_key() {
    for (word, variables, says) in [
        ("gemini", &[][..], "set GEMINI_API_KEY"),
        ("vertex", &[], "set GOOGLE_CLOUD_PROJECT"),
        ("openai:m", &[], "set OPENAI_API_KEY"),
        ("openai", &[("OPENAI_API_KEY", "s3cret")], "openai:MODEL"),
        ("claude", &[], "give none, auto"),
        ("gemini:", &[], "give none, auto"),
        ("none:x", &[], "give none, auto"),
        ("gemini", &[("GEMINI_API_KEY", "s3c\nret")], "line break"),
        (
            "openai:m",
            &[
                ("OPENAI_API_KEY", "s3cret"),
                ("OPENAI_BASE_URL", "http://models.test/v1"),
            ],
            "goes over https",
        ),
        (
            "openai:m",
            &[("OPENAI_BASE_URL", "https://me:s3cret@models.test")],
            "OPENAI_BASE_URL is set: give a URL",
        ),
    ] {
        let error = granted(Some(word), variables).err().unwrap();
        assert!(error.contains(says), "{word}: {error}");
        assert!(!error.contains("s3c"), "{error}");
    }
}

#[test]
fn models_that_are_retired_are_told() {
    let warned = |name: &str| {
        let model = Model {
            provider: Provider::Gemini,
            name: name.to_owned(),
            base_url: GEMINI.to_owned(),
            because_of: "ATTACHE_MODEL",
        };
        model.retirement().is_some()
    };
    assert!(warned("gemini-2.5-flash") && warned("google/gemini-1.5-pro"));
    assert!(!warned(DEFAULT) && !warned("gemini-25") && !warned("qwen3"));
}
