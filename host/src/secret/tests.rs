use std::fs;
use std::time::Instant;

use super::*;

fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, content).unwrap();
    (folder, path)
}

#[test]
fn the_line_break_at_the_end_is_no_part_of_it() {
    for (content, text) in [
        ("a\n", "a"),
        ("a\r\n", "a"),
        (" a b \n\n", " a b "),
        ("é", "é"),
    ] {
        let (_folder, path) = file(content);
        assert_eq!(&*Secret::in_file(&path).unwrap().current(), text);
    }
}

#[test]
fn a_file_without_a_usable_text_is_refused() {
    for content in ["", "\n", &"x".repeat(65_537)] {
        let (_folder, path) = file(content);
        assert!(Secret::in_file(&path).is_err());
    }
    let (folder, path) = file("");
    fs::write(&path, [0xff]).unwrap();
    assert!(Secret::in_file(&path).unwrap_err().contains("UTF-8"));
    assert!(Secret::in_file(folder.path()).is_err());
    assert!(Secret::in_file(&folder.path().join("none")).is_err());
}

#[test]
fn clones_see_what_is_read_again_and_a_failure_changes_nothing() {
    let (_folder, path) = file("old");
    let secret = Secret::in_file(&path).unwrap();
    let clone = secret.clone();
    assert!(!secret.read_again());
    fs::write(&path, "new\n").unwrap();
    assert!(secret.read_again());
    assert_eq!(&*clone.current(), "new");
    fs::write(&path, "").unwrap();
    assert!(!secret.read_again());
    fs::remove_file(&path).unwrap();
    assert!(!secret.read_again());
    assert_eq!(&*clone.current(), "new");
}

#[test]
fn a_secret_that_is_followed_changes_by_itself() {
    let (_folder, path) = file("old");
    let secret = Secret::in_file(&path).unwrap();
    secret.follow(Duration::from_millis(1));
    fs::write(&path, "new").unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while &*secret.current() != "new" {
        assert!(Instant::now() < deadline);
        thread::yield_now();
    }
}

#[tokio::test]
async fn whoever_can_wait_gets_the_newest() {
    let (_folder, path) = file("old");
    let secret = Secret::in_file(&path).unwrap();
    fs::write(&path, "new").unwrap();
    assert_eq!(&*secret.newest().await, "new");
    assert_eq!(&*Secret::given("same").newest().await, "same");
}

#[test]
fn nothing_of_it_is_shown() {
    let (_folder, path) = file("hidden");
    let secrets = [Secret::given("hidden"), Secret::in_file(&path).unwrap()];
    let shown = format!("{secrets:?}");
    assert!(!shown.contains("hidden"), "{shown}");
}
