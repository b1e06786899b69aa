//! Images in files: OCI's layout, as a folder or in a tar file, which `docker load`, `podman load`, `skopeo`
//! and `crane` take.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use attache_registry::{Descriptor, MANIFEST};
use serde_json::{Value, json};
use tar::Builder;

use super::Image;
use super::layer::{Entry, append};
use crate::failure::{Exit, Failure};

const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The tag, or the whole name: tools differ, and read what they find.
const REFERENCE: &str = "org.opencontainers.image.ref.name";
/// The whole name, for `docker load`.
const NAME: &str = "io.containerd.image.name";

/// An image as files, under this name.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    image: &'a Image,
    name: String,
    manifest: Vec<u8>,
}

impl<'a> Layout<'a> {
    /// `name` is what it is called by whoever loads it: `hello:latest`.
    pub(crate) fn new(image: &'a Image, name: String) -> Self {
        Self {
            image,
            name,
            manifest: image.manifest.bytes(),
        }
    }

    /// Writes one tar file, over what is there, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_file(&self, path: &Path) -> Result<(), Failure> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        let written = self
            .pack(&partial)
            .and_then(|()| fs::rename(&partial, path));
        written.map_err(|error| {
            let _ = fs::remove_file(&partial);
            cannot(path, &error)
        })
    }

    fn pack(&self, path: &Path) -> io::Result<()> {
        let mut tar = Builder::new(BufWriter::new(File::create(path)?));
        let index = self.index(Vec::new()).to_string();
        let docker = self.of_docker().to_string();
        let mut entries = vec![
            ("oci-layout".to_owned(), Some(VERSION.as_bytes())),
            ("index.json".to_owned(), Some(index.as_bytes())),
            ("manifest.json".to_owned(), Some(docker.as_bytes())),
            ("blobs/".to_owned(), None),
            ("blobs/sha256/".to_owned(), None),
        ];
        let blobs = self.blobs().into_iter();
        entries.extend(blobs.map(|(path, content)| (path, Some(content))));
        for (path, content) in &entries {
            let entry = Entry {
                path,
                content: *content,
                mode: if content.is_some() { 0o644 } else { 0o755 },
                owner: 0,
            };
            append(&mut tar, &entry)?;
        }
        tar.into_inner()?.flush()
    }

    /// Puts it into a folder, beside the images that are in its layout already.
    ///
    /// # Errors
    /// When the folder holds something else, or cannot be written.
    pub(crate) fn write_folder(&self, folder: &Path) -> Result<(), Failure> {
        let is_layout = folder.join("oci-layout").is_file();
        let is_used = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if is_used && !is_layout {
            let sentence = format!("{} holds something, and no images", folder.display());
            return Err(Failure::new(Exit::CannotWrite, sentence)
                .remedy("name a folder that is empty, is not there, or has an OCI layout"));
        }
        let others = if is_layout {
            self.others(folder)?
        } else {
            Vec::new()
        };
        let put = || -> io::Result<()> {
            fs::create_dir_all(folder.join("blobs/sha256"))?;
            for (path, content) in self.blobs() {
                whole(&folder.join(path), content)?;
            }
            whole(&folder.join("oci-layout"), VERSION.as_bytes())?;
            // Last, so that what it names is there.
            let index = self.index(others).to_string();
            whole(&folder.join("index.json"), index.as_bytes())
        };
        put().map_err(|error| cannot(folder, &error))
    }

    /// What the index of a layout names beside this image.
    fn others(&self, folder: &Path) -> Result<Vec<Value>, Failure> {
        let path = folder.join("index.json");
        let index = fs::read(&path).map_err(|error| {
            Failure::new(
                Exit::NoInput,
                format!("{} cannot be read: {error}", path.display()),
            )
        })?;
        let index = serde_json::from_slice::<Value>(&index).ok();
        let manifests = index.and_then(|mut index| match index.get_mut("manifests") {
            Some(Value::Array(manifests)) => Some(std::mem::take(manifests)),
            _ => None,
        });
        let mut manifests = manifests.ok_or_else(|| {
            Failure::new(
                Exit::Data,
                format!("{} is no index of images", path.display()),
            )
            .remedy("remove the folder, or name another")
        })?;
        let name = Value::from(self.name.as_str());
        let is_other = |manifest: &Value| {
            let annotations = manifest.get("annotations");
            annotations.and_then(|all| all.get(NAME)) != Some(&name)
        };
        manifests.retain(is_other);
        Ok(manifests)
    }

    /// The paths and the contents of what is named by its digest.
    fn blobs(&self) -> Vec<(String, &[u8])> {
        let Image {
            config, manifest, ..
        } = self.image;
        let layers = self.image.layers.iter();
        let mut blobs: Vec<_> = layers
            .map(|layer| (path_of(&layer.descriptor), &*layer.content))
            .collect();
        blobs.push((path_of(&manifest.config), config));
        blobs.push((path_of(&self.described()), &self.manifest));
        blobs.sort();
        blobs.dedup();
        blobs
    }

    fn described(&self) -> Descriptor {
        Descriptor::of(MANIFEST, &self.manifest)
    }

    fn index(&self, mut manifests: Vec<Value>) -> Value {
        let described = self.described();
        let (name, tag) = (&self.name, tag_of(&self.name));
        manifests.push(json!({
            "mediaType": described.media_type,
            "digest": described.digest,
            "size": described.size,
            "platform": {"architecture": self.image.architecture.name(), "os": "linux"},
            "annotations": {NAME: name, REFERENCE: tag},
        }));
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
    }

    /// What versions of Docker read that know no layout of the OCI.
    fn of_docker(&self) -> Value {
        let layers = self.image.layers.iter();
        let layers: Vec<_> = layers.map(|layer| path_of(&layer.descriptor)).collect();
        json!([{
            "Config": path_of(&self.image.manifest.config),
            "RepoTags": [self.name],
            "Layers": layers,
        }])
    }
}

fn path_of(descriptor: &Descriptor) -> String {
    format!("blobs/sha256/{}", descriptor.digest.hex())
}

fn tag_of(name: &str) -> &str {
    name.rsplit_once(':').map_or("latest", |(_, tag)| tag)
}

/// The content under this path, or what was there before.
fn whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut partial = OsString::from(path);
    partial.push(format!(".{}.partial", std::process::id()));
    let written = fs::write(&partial, content).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::CannotWrite,
        format!("{} cannot be written: {error}", path.display()),
    )
}
