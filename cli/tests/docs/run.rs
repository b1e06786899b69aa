//! The tutorial, as a reader would follow it: in an empty folder, with the real tool and host.
//!
//! What a block is for stands behind its language. `console test`: the commands, which begin with `$ `,
//! are run one after the other and succeed, and the lines below each are in what it wrote, in this
//! order; `…` stands for anything. `console test image`: the same, where `make image` has left a host.
//! `console serve`: the command goes on running, and what follows waits
//! for these lines. `toml file=NAME`: the file is written. Other blocks are for the reader alone.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::pages::{Page, workspace};

/// What a server needs to build an agent on a busy machine.
const SERVES_WITHIN: Duration = Duration::from_secs(600);

/// A command of a page, and the lines that it shows.
struct Step {
    command: String,
    shown: Vec<String>,
}

fn steps(lines: &[String]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step {
                command: command.to_owned(),
                shown: Vec::new(),
            }),
            (None, Some(step)) if step.command.ends_with('\\') => {
                step.command.push('\n');
                step.command.push_str(line);
            }
            (None, Some(step)) if !line.is_empty() => step.shown.push(line.clone()),
            (None, _) => {}
        }
    }
    steps
}

/// Whether the line has the pieces between `…`, in this order.
fn fits(line: &str, meant: &str) -> bool {
    let mut rest = line;
    meant
        .split('…')
        .map(str::trim)
        .all(|piece| match rest.split_once(piece) {
            Some((_, behind)) => {
                rest = behind;
                true
            }
            None => false,
        })
}

/// The first line of `meant` that is not in `written`, in order.
fn missing<'m>(written: &str, meant: &'m [String]) -> Option<&'m str> {
    let mut lines = written.lines();
    meant
        .iter()
        .find(|meant| !lines.any(|line| fits(line, meant)))
        .map(String::as_str)
}

/// A command that goes on running, with all that it has started.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The group, which this test made, for what the command started itself.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.child.wait();
    }
}

/// A static host, as `make image` leaves it.
fn static_host() -> Option<PathBuf> {
    let rootfs = std::env::var_os("ATTACHE_IMAGE_ROOTFS")
        .map_or_else(|| PathBuf::from("target/image/rootfs"), PathBuf::from);
    let host = workspace().join(rootfs).join("attache-host");
    host.canonicalize().ok()
}

/// A reader with a terminal or two.
struct Reader {
    folder: PathBuf,
    path: String,
    port: String,
    running: Vec<Running>,
    _all: tempfile::TempDir,
}

impl Reader {
    fn new() -> Self {
        let all = tempfile::tempdir().unwrap();
        let programs = all.path().join("programs");
        fs::create_dir(&programs).unwrap();
        symlink(env!("CARGO_BIN_EXE_attache"), programs.join("attache")).unwrap();
        let host = std::env::var_os("ATTACHE_HOST_BIN").map(PathBuf::from);
        let host = static_host()
            .or(host)
            .expect("ATTACHE_HOST_BIN names the host");
        symlink(host, programs.join("attache-host")).unwrap();
        let folder = all.path().join("reader");
        fs::create_dir(&folder).unwrap();
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        Self {
            folder,
            path: format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()),
            port: free.port().to_string(),
            running: Vec::new(),
            _all: all,
        }
    }

    /// What the page says, for this machine: the port is another.
    fn here(&self, text: &str) -> String {
        text.replace("8080", &self.port)
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("bash");
        shell
            .args(["-e", "-c", &format!("exec 2>&1\n{}", self.here(script))])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env_remove("ATTACHE_HOST_BIN")
            .stdin(Stdio::null())
            .process_group(0);
        for of_this_run in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_TARGET_DIR"] {
            shell.env_remove(of_this_run);
        }
        shell
    }

    fn run(&mut self, step: &Step) {
        let place = self.folder.join(".place");
        let script = format!("{}\npwd > '{}'", step.command, place.display());
        let ran = self.shell(&script).output().unwrap();
        let written = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "$ {}\n{written}", step.command);
        let shown: Vec<_> = step.shown.iter().map(|line| self.here(line)).collect();
        let missing = missing(&written, &shown);
        assert_eq!(missing, None, "is not in\n$ {}\n{written}", step.command);
        let place_now = fs::read_to_string(&place).unwrap();
        fs::remove_file(&place).unwrap();
        self.folder = place_now.trim_end().into();
        // What one run built, the next need not build.
        let target = self.folder.join("target");
        if self.folder.join("Cargo.toml").is_file() && !target.exists() {
            let kept = workspace().canonicalize().unwrap().join("target/docs");
            fs::create_dir_all(&kept).unwrap();
            symlink(kept, target).unwrap();
        }
    }

    fn serve(&mut self, step: &Step) {
        let mut child = self
            .shell(&step.command)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let running = Running { child, lines };
        let until = Instant::now() + SERVES_WITHIN;
        let mut written = String::new();
        for meant in &step.shown {
            let meant = self.here(meant);
            loop {
                let left = until.saturating_duration_since(Instant::now());
                let Ok(line) = running.lines.recv_timeout(left) else {
                    panic!("{meant:?} is not in\n$ {}\n{written}", step.command);
                };
                written.push_str(&line);
                written.push('\n');
                if fits(&line, &meant) {
                    break;
                }
            }
        }
        self.running.push(running);
    }

    fn follow(&mut self, page: &Page) -> usize {
        let mut followed = 0;
        for block in page.blocks() {
            let kind = block.info.split_once(' ').map_or("", |(_, kind)| kind);
            let text = block.lines.join("\n") + "\n";
            match (kind, kind.strip_prefix("file=")) {
                ("test image", _) if static_host().is_none() => {}
                ("test" | "test image", _) => {
                    for step in steps(&block.lines) {
                        self.run(&step);
                        followed += 1;
                    }
                }
                ("serve", _) => self.serve(&steps(&block.lines)[0]),
                (_, Some(file)) => fs::write(self.folder.join(file), text).unwrap(),
                _ => {}
            }
        }
        followed
    }
}

fn page(name: &str) -> Page {
    Page::read(workspace().join(Path::new("docs")).join(name))
}

#[test]
fn the_tutorial_leads_where_it_says() {
    let followed = Reader::new().follow(&page("tutorial.md"));
    assert!(followed > 8, "only {followed} commands were run");
}

#[test]
fn a_page_that_lies_is_found_out() {
    let lies = ["$ echo one two\none … three\n", "$ false\n"];
    for lie in lies {
        let text = format!("```console test\n{lie}```\n");
        let page = Page {
            path: workspace().join("docs/lie.md"),
            text,
        };
        let outcome = thread::spawn(move || Reader::new().follow(&page)).join();
        assert!(outcome.is_err(), "{lie}");
    }
}
