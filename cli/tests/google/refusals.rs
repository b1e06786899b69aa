use std::path::Path;

use super::*;

/// Each file: what Google answers with, and what has to be said about it.
#[test]
fn each_refusal_is_a_sentence_with_a_remedy() {
    let google = google_with_an_app();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/google/refusals");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut answer = case["answer"].clone();
        answer["path"] = json!("/(discoveryengine|run)/");
        google.script(answer);
        let arguments: Vec<_> = case["command"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap())
            .collect();
        let mut command = google.attache();
        command
            .args(arguments)
            .args(["--project=my-project", "-o", "json"]);
        let exit = i32::try_from(case["exit"].as_i64().unwrap()).unwrap();
        let (out, err) = google::ended(&mut command, exit);
        assert_eq!(out, "", "{}", path.display());
        let error: Value = serde_json::from_str(&err).unwrap();
        for (part, wanted) in [("message", "says"), ("remedy", "helps")] {
            let text = error["error"][part].as_str().unwrap_or_default();
            for wanted in case[wanted].as_array().unwrap() {
                assert!(
                    text.contains(wanted.as_str().unwrap()),
                    "{}: {wanted}: {text}",
                    path.display()
                );
            }
        }
        seen += 1;
    }
    assert!(seen >= 25, "{seen}");
}
