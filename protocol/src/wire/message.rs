//! `Message` and `Part` (sections 4.1.4 to 4.1.6).

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::lenient::{self, proto_enum};

proto_enum! {
    /// Who sent a message.
    Role {
        /// Not set; refused in a request.
        #[default]
        Unspecified = 0 "ROLE_UNSPECIFIED",
        /// The client.
        User = 1 "ROLE_USER",
        /// The agent.
        Agent = 2 "ROLE_AGENT",
    }
}

/// One turn of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Message {
    /// Unique for its sender.
    #[serde(alias = "message_id", deserialize_with = "lenient::or_default")]
    pub message_id: String,
    /// The conversation that it belongs to.
    #[serde(
        alias = "context_id",
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub context_id: String,
    /// The task that it belongs to.
    #[serde(
        alias = "task_id",
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub task_id: String,
    /// Who sent it.
    pub role: Role,
    /// At least one.
    #[serde(deserialize_with = "lenient::or_default")]
    pub parts: Vec<Part>,
    /// Data of the sender's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// URIs of extensions that contributed to it.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub extensions: Vec<String>,
    /// Other tasks that it speaks of.
    #[serde(
        alias = "reference_task_ids",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub reference_task_ids: Vec<String>,
}

impl Message {
    /// The text parts, one per line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            if let Content::Text(piece) = &part.content {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(piece);
            }
        }
        text
    }
}

/// What a part carries: exactly one of the four.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Text.
    Text(String),
    /// Bytes of a file.
    Raw(Vec<u8>),
    /// A link to a file.
    Url(String),
    /// Any JSON value, `null` included.
    Data(Value),
}

/// A piece of a message or an artifact.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The content.
    pub content: Content,
    /// Data of the sender's own.
    pub metadata: Option<Map<String, Value>>,
    /// A file name; empty when there is none.
    pub filename: String,
    /// A media type; empty when unknown.
    pub media_type: String,
}

impl Part {
    /// A part with this content and nothing else.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            metadata: None,
            filename: String::new(),
            media_type: String::new(),
        }
    }

    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()))
    }

    /// A data part.
    pub fn data(value: Value) -> Self {
        Self::new(Content::Data(value)).with_media_type("application/json")
    }

    /// A file, by its bytes.
    pub fn raw(bytes: impl Into<Vec<u8>>, media_type: impl Into<String>) -> Self {
        Self::new(Content::Raw(bytes.into())).with_media_type(media_type)
    }

    /// A file, by a link.
    pub fn url(url: impl Into<String>) -> Self {
        Self::new(Content::Url(url.into()))
    }

    /// The same part with a media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = media_type.into();
        self
    }

    /// The same part with a file name.
    #[must_use]
    pub fn with_filename(mut self, filename: impl Into<String>) -> Self {
        self.filename = filename.into();
        self
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.content {
            Content::Text(text) => map.serialize_entry("text", text)?,
            Content::Raw(bytes) => map.serialize_entry("raw", &Base64(bytes))?,
            Content::Url(url) => map.serialize_entry("url", url)?,
            Content::Data(value) => map.serialize_entry("data", value)?,
        }
        if let Some(metadata) = &self.metadata {
            map.serialize_entry("metadata", metadata)?;
        }
        if !self.filename.is_empty() {
            map.serialize_entry("filename", &self.filename)?;
        }
        if !self.media_type.is_empty() {
            map.serialize_entry("mediaType", &self.media_type)?;
        }
        map.end()
    }
}

struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Fields {
            text: Option<String>,
            #[serde(deserialize_with = "lenient::bytes")]
            raw: Option<Vec<u8>>,
            url: Option<String>,
            #[serde(deserialize_with = "lenient::set")]
            data: Option<Value>,
            metadata: Option<Map<String, Value>>,
            filename: Option<String>,
            #[serde(rename = "mediaType", alias = "media_type")]
            media_type: Option<String>,
        }
        let fields = Fields::deserialize(deserializer)?;
        let mut contents = [
            fields.text.map(Content::Text),
            fields.raw.map(Content::Raw),
            fields.url.map(Content::Url),
            fields.data.map(Content::Data),
        ]
        .into_iter()
        .flatten();
        let content = contents
            .next()
            .ok_or_else(|| de::Error::custom("a part needs one of text, raw, url or data"))?;
        if contents.next().is_some() {
            return Err(de::Error::custom(
                "a part has exactly one of text, raw, url and data; this one has several",
            ));
        }
        Ok(Self {
            content,
            metadata: fields.metadata,
            filename: fields.filename.unwrap_or_default(),
            media_type: fields.media_type.unwrap_or_default(),
        })
    }
}
