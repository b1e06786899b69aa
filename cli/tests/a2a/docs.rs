//! The commands in `docs/cli-client.md`, as they stand there.

use std::process::Command;

use crate::servers::host;

#[test]
fn the_commands_in_the_documentation_work() {
    let host = host("hello_agent", &[]);
    let folder = tempfile::tempdir().unwrap();
    let guide = include_str!("../../../docs/cli-client.md");
    let blocks = guide.split("```console\n").skip(1);
    let blocks: Vec<_> = blocks
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() > 4, "{blocks:?}");
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_attache"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    for block in blocks {
        let lines: Vec<_> = block
            .lines()
            .filter_map(|line| line.strip_prefix("$ "))
            .collect();
        let script = lines.join("\n").replace("https://agent.example", &host.url);
        let ran = Command::new("sh")
            .args(["-e", "-c", &script])
            .env("PATH", &path)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{script}\n{ran:?}");
        assert!(!ran.stdout.is_empty(), "{script}\n{ran:?}");
    }
}
