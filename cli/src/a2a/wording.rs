//! A message from the command line: words, files, data.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use attache_protocol::wire::{Message, Part, Role};
use clap::Args;
use serde_json::Value;

use super::operation::Sending;
use crate::failure::{Exit, Failure};

/// Larger files are given by a link; few servers take a message of this size.
const LARGEST: u64 = 32 << 20;

/// What to say.
#[derive(Debug, Clone, Args)]
pub(crate) struct Wording {
    /// What to say; several words are one text, `-` is what stands on standard input.
    #[arg(value_name = "TEXT")]
    text: Vec<String>,

    /// A file to send along, and its media type if its name does not tell.
    #[arg(long, value_name = "PATH[;TYPE]", help_heading = "Message")]
    file: Vec<FileArgument>,

    /// A link to a file to send along.
    #[arg(long, value_name = "URL[;TYPE]", help_heading = "Message")]
    file_url: Vec<String>,

    /// JSON to send along, or @PATH of a file that holds it.
    #[arg(long, value_name = "JSON", help_heading = "Message")]
    data: Vec<String>,

    /// The conversation to go on with.
    #[arg(long, value_name = "ID", help_heading = "Message")]
    context: Option<String>,

    /// The task that this answers.
    #[arg(long, value_name = "ID", help_heading = "Message")]
    task: Option<String>,

    /// Another task that the message speaks of.
    #[arg(long, value_name = "ID", help_heading = "Message")]
    reference: Vec<String>,

    /// The id of the message, to send the same one again; otherwise a new one.
    #[arg(long, value_name = "ID", help_heading = "Message")]
    message_id: Option<String>,

    /// A media type that can be shown here, such as text/plain; otherwise any.
    #[arg(
        long,
        value_name = "TYPE",
        value_delimiter = ',',
        help_heading = "Answer"
    )]
    accept: Vec<String>,

    /// At most this many messages of history in the answer.
    #[arg(long, value_name = "NUMBER", help_heading = "Answer")]
    history_length: Option<u32>,
}

#[derive(Debug, Clone)]
struct FileArgument {
    path: PathBuf,
    media_type: Option<String>,
}

impl FromStr for FileArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, media_type) = with_type(text)?;
        Ok(Self {
            path: path.into(),
            media_type,
        })
    }
}

fn with_type(text: &str) -> Result<(&str, Option<String>), String> {
    match text.rsplit_once(';') {
        Some((path, media_type)) if media_type.contains('/') => Ok((
            path,
            Some(media_type.trim().trim_start_matches("type=").to_owned()),
        )),
        Some((_, media_type)) if !media_type.contains('.') => {
            Err(format!("{media_type:?} is no media type such as text/csv"))
        }
        _ => Ok((text, None)),
    }
}

impl Wording {
    /// The message.
    ///
    /// # Errors
    /// When there is nothing to say, or a file cannot be read.
    pub(crate) fn sending(&self, return_immediately: bool) -> Result<Sending, Failure> {
        let mut parts = Vec::new();
        let text = self.words()?;
        if !text.is_empty() {
            parts.push(Part::text(text));
        }
        for file in &self.file {
            parts.push(file.part()?);
        }
        for url in &self.file_url {
            let (url, media_type) = with_type(url).map_err(|why| Failure::new(Exit::Usage, why))?;
            super::reach::url(url)?;
            parts.push(
                Part::url(url)
                    .with_media_type(media_type.unwrap_or_else(|| guessed(Path::new(url)))),
            );
        }
        for data in &self.data {
            parts.push(Part::data(json(data)?));
        }
        if parts.is_empty() {
            return Err(Failure::new(Exit::Usage, "there is nothing to send")
                .remedy("give a text, `-` for standard input, --file or --data"));
        }
        let id = || uuid::Uuid::new_v4().to_string();
        Ok(Sending {
            message: Message {
                message_id: self.message_id.clone().unwrap_or_else(id),
                context_id: self.context.clone().unwrap_or_default(),
                task_id: self.task.clone().unwrap_or_default(),
                role: Role::User,
                parts,
                reference_task_ids: self.reference.clone(),
                ..Message::default()
            },
            accepted_output_modes: self.accept.clone(),
            history_length: self.history_length,
            return_immediately,
        })
    }

    fn words(&self) -> Result<String, Failure> {
        if self.text != ["-"] {
            return Ok(self.text.join(" "));
        }
        let mut bytes = Vec::new();
        let read = std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|why| Failure::new(Exit::NoInput, format!("standard input: {why}")))?;
        check_size(bytes.len() as u64, "standard input")?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Failure::new(Exit::Data, "standard input is not UTF-8")
                .remedy("send it with --file PATH")
        })?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}

impl FileArgument {
    fn part(&self) -> Result<Part, Failure> {
        let bytes = contents(&self.path)?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let media_type = self
            .media_type
            .clone()
            .unwrap_or_else(|| guessed(&self.path));
        Ok(Part::raw(bytes, media_type).with_filename(name))
    }
}

fn guessed(path: &Path) -> String {
    mime_guess::from_path(path)
        .first_or_octet_stream()
        .to_string()
}

fn contents(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display().to_string();
    let failed =
        |why: std::io::Error| Failure::new(Exit::NoInput, format!("{shown} cannot be read: {why}"));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    check_size(bytes.len() as u64, &shown)?;
    Ok(bytes)
}

fn check_size(length: u64, what: &str) -> Result<(), Failure> {
    if length <= LARGEST {
        return Ok(());
    }
    Err(
        Failure::new(Exit::Data, format!("{what} has more than {LARGEST} bytes"))
            .remedy("put it where the agent can fetch it, and give --file-url"),
    )
}

fn json(text: &str) -> Result<Value, Failure> {
    let (text, what) = match text.strip_prefix('@') {
        None => (text.as_bytes().to_vec(), "--data"),
        Some(path) => (contents(path.as_ref())?, path),
    };
    serde_json::from_slice(&text)
        .map_err(|why| Failure::new(Exit::Data, format!("{what} is not JSON: {why}")))
}
