//! Files that an agent gives, in a folder. Their names are the agent's, so they say no path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use attache_protocol::wire::{Content, Part};

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// A folder for files.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// What was written, by name: the same file comes again in each snapshot of its task.
    written: HashMap<String, Vec<u8>>,
}

impl Folder {
    /// # Errors
    /// When the folder is not there and cannot be made.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(path).map_err(|why| {
            let path = path.display();
            Failure::new(
                Exit::CannotWrite,
                format!("the folder {path} cannot be made: {why}"),
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            written: HashMap::new(),
        })
    }

    /// Writes the files among `parts`. A file that is there already is kept.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn keep(&mut self, parts: &[Part], terminal: &Terminal) -> Result<(), Failure> {
        for part in parts {
            let Content::Raw(bytes) = &part.content else {
                continue;
            };
            let wanted = file_name(part);
            if self.written.get(&wanted) == Some(bytes) {
                continue;
            }
            let path = self.write(&wanted, bytes)?;
            self.written.insert(wanted, bytes.clone());
            terminal.note(format!("saved {} ({} bytes)", path.display(), bytes.len()));
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
        use std::io::Write as _;

        let (stem, ending) = match name.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
            _ => (name, String::new()),
        };
        for number in 0..1000 {
            let name = match number {
                0 => name.to_owned(),
                _ => format!("{stem}-{number}{ending}"),
            };
            let path = self.path.join(name);
            let failed = |why: std::io::Error| {
                let path = path.display();
                Failure::new(
                    Exit::CannotWrite,
                    format!("{path} cannot be written: {why}"),
                )
            };
            match std::fs::File::create_new(&path) {
                Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(why) => return Err(failed(why)),
                Ok(mut file) => {
                    file.write_all(bytes).map_err(failed)?;
                    return Ok(path);
                }
            }
        }
        let path = self.path.display();
        Err(Failure::new(
            Exit::CannotWrite,
            format!("{path} has too many files named {name:?}"),
        ))
    }
}

/// The last component of the agent's name for it, without what has a meaning to a system.
fn file_name(part: &Part) -> String {
    let last = part.filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || "-_. ()".contains(c);
    let name: String = last
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .take(120)
        .collect();
    let name = name.trim_matches([' ', '.']);
    if !name.is_empty() {
        return name.to_owned();
    }
    let essence = part.media_type.split(';').next().unwrap_or_default().trim();
    let ending = mime_guess::get_mime_extensions_str(essence).and_then(|endings| endings.first());
    format!("file.{}", ending.unwrap_or(&"bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        for (name, media_type, file) in [
            ("../../.bashrc", "", "bashrc"),
            ("C:\\x\\report v2.csv", "", "report v2.csv"),
            ("a\u{1b}b:c.txt", "", "a_b_c.txt"),
            ("..", "image/png", "file.png"),
            ("", "", "file.bin"),
        ] {
            let part = Part::raw("x", media_type).with_filename(name);
            assert_eq!(file_name(&part), file, "{name:?}");
        }
    }
}
