use super::*;

fn model(settings: &[(&str, &str)]) -> Result<Option<Box<dyn Model>>, String> {
    let get = |key: &str| {
        let found = settings.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| (*value).to_owned())
    };
    named(&Settings(&get)).map_err(|error| error.to_string())
}

fn whose(settings: &[(&str, &str)]) -> (String, String) {
    let model = model(settings).unwrap().expect("a model");
    (model.provider().to_owned(), model.name().to_owned())
}

#[test]
fn nothing_configured_is_no_model() {
    assert!(model(&[]).unwrap().is_none());
    let empty = [
        ("model_provider", ""),
        ("model", " "),
        ("gemini_api_key", ""),
        ("openai_api_key", ""),
    ];
    assert!(model(&empty).unwrap().is_none());
    assert!(model(&[("google_cloud_project", "p")]).unwrap().is_none());
}

#[test]
fn the_provider_is_named_or_follows_from_the_key() {
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    for key in ["gemini_api_key", "google_api_key"] {
        assert_eq!(whose(&[(key, "k")]), pair("gcp.gemini", "gemini-3.5-flash"));
    }
    let openai = [("openai_api_key", "k"), ("model", "a/b:c")];
    assert_eq!(whose(&openai), pair("openai", "a/b:c"));
    let vertex = [
        ("model_provider", "vertex"),
        ("google_cloud_project", "p"),
        ("model", "models/gemini-x"),
    ];
    assert_eq!(whose(&vertex), pair("gcp.vertex_ai", "gemini-x"));
}

#[test]
fn a_wrong_value_is_a_sentence() {
    for (settings, word) in [
        (vec![("model_provider", "bard")], "\"bard\""),
        (vec![("model", "gemini-3.5-flash")], "model_provider"),
        (vec![("model_provider", "openai")], "model is not set"),
        (vec![("model_provider", "vertex")], "google_cloud_project"),
        (vec![("gemini_api_key", "k"), ("model", "../x")], "\"../x\""),
        (vec![("gemini_api_key", "a\nb")], "x-goog-api-key"),
        (
            vec![("gemini_api_key", "k"), ("model_timeout", "0")],
            "model_timeout",
        ),
        (
            vec![("gemini_api_key", "k"), ("model_silence", "soon")],
            "\"soon\"",
        ),
        (
            vec![("gemini_api_key", "k"), ("model_streaming", "x")],
            "model_streaming",
        ),
        (
            vec![
                ("gemini_api_key", "k"),
                ("model_base_url", "host/?key=secret"),
            ],
            "model_base_url",
        ),
        (
            vec![
                ("model_provider", "vertex"),
                ("google_cloud_project", "p"),
                ("google_cloud_location", "a/../b"),
            ],
            "google_cloud_location",
        ),
    ] {
        let error = model(&settings).err().unwrap_or_default();
        assert!(error.contains(word), "{settings:?}: {error:?}");
        assert!(!error.contains("secret"), "{error:?}");
    }
}

#[test]
fn a_key_is_never_shown() {
    let endpoint = Endpoint {
        base: "https://host".to_owned(),
        key: Some(("authorization", "Bearer ", "secret".to_owned())),
        silence: SILENCE,
        total: TOTAL,
        streaming: true,
    };
    assert_eq!(format!("{endpoint:?}"), "https://host");
    let error = serde_json::json!([{"error": {"code": 401, "message": "secret is no key"}}]);
    let failure = endpoint.failure_in(&error);
    assert_eq!(failure, Some((401, "[key] is no key".to_owned())));
}
