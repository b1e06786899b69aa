//! The host that goes into an image. There is nothing beside it there, so it has to be static.

use std::env::consts;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};

use crate::failure::{Exit, Failure};
use crate::project::{HostProgram, own_checkout};

/// Where `make image` leaves one, in a checkout.
const MADE: &str = "target/image/rootfs/attache-host";
/// A host has some thirty megabytes, and with all its symbols ten times as many.
const LARGEST: u64 = 1 << 30;

/// A host that starts in an empty image.
#[derive(Debug, Clone)]
pub(crate) struct StaticHost {
    /// Its file.
    pub(crate) path: PathBuf,
    /// The program.
    pub(crate) content: Bytes,
    /// What it runs on.
    pub(crate) architecture: Architecture,
}

/// A processor that hosts are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
}

impl Architecture {
    /// In the words of images.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Whether such a program can be started here.
    pub(crate) fn is_this_machine(self) -> bool {
        let of_rust = match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        };
        consts::OS == "linux" && consts::ARCH == of_rust
    }
}

/// Why a program cannot be the host of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unfit {
    /// It wants a loader, or a library.
    Dynamic(String),
    /// It is no program for Linux on a processor that is known.
    Other(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dynamic(wants) => write!(
                f,
                "is linked dynamically, and could not start in an image that holds nothing else: it wants {wants}"
            ),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl StaticHost {
    /// Its file in the image.
    pub(crate) const FILE: &'static str = "attache-host";

    /// The one that is `given`; else the first that is static of the variable's, what `make image` left
    /// in the checkout that this program was built in, the one beside this program, and the one on PATH.
    ///
    /// # Errors
    /// When there is none, with what those lack that were looked at.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Failure> {
        if let Some(given) = given {
            return Self::read(given)
                .map_err(|unfit| refused(format!("{} {unfit}", given.display()), Some(&unfit)));
        }
        let mut looked_at = Vec::new();
        let mut first = None;
        let made = own_checkout().map(|checkout| checkout.join(MADE));
        let made = made.filter(|path| path.is_file());
        for path in HostProgram::of_variable()
            .into_iter()
            .chain(made)
            .chain(HostProgram::installed())
        {
            match Self::read(&path) {
                Ok(host) => return Ok(host),
                Err(unfit) => {
                    looked_at.push(format!("{} {unfit}", path.display()));
                    first.get_or_insert(unfit);
                }
            }
        }
        if looked_at.is_empty() {
            let sentence =
                "there is no attache-host: it is neither beside this program nor on PATH";
            return Err(refused(sentence.to_owned(), None));
        }
        Err(refused(looked_at.join("; "), first.as_ref()))
    }

    fn read(path: &Path) -> Result<Self, Unfit> {
        let unreadable = |error: std::io::Error| Unfit::Other(format!("cannot be read: {error}"));
        let size = fs::metadata(path).map_err(unreadable)?.len();
        if size > LARGEST {
            return Err(Unfit::Other(format!(
                "has {size} bytes, and 1 GiB is the most"
            )));
        }
        let content = fs::read(path).map_err(unreadable)?;
        let architecture = look(&content)?;
        Ok(Self {
            // A bare name would be looked for on PATH.
            path: path.canonicalize().map_err(unreadable)?,
            content: content.into(),
            architecture,
        })
    }
}

fn refused(sentence: String, unfit: Option<&Unfit>) -> Failure {
    let is_dynamic = matches!(unfit, Some(Unfit::Dynamic(_)));
    let exit = if is_dynamic {
        Exit::Data
    } else {
        Exit::Unavailable
    };
    let place = match own_checkout() {
        Some(checkout) => format!("make -C {} image", checkout.display()),
        None => "make image".to_owned(),
    };
    Failure::new(exit, sentence).remedy(format!(
        "`{place}` leaves a static one in {MADE} of the checkout, which is found there, and which --host-bin \
         names elsewhere"
    ))
}

/// What the program runs on, if it starts where there is nothing else.
fn look(content: &[u8]) -> Result<Architecture, Unfit> {
    if !content.starts_with(&elf::ELFMAG) {
        return Err(Unfit::Other("is no program for Linux".to_owned()));
    }
    let damaged = |why: object::read::Error| Unfit::Other(format!("is damaged: {why}"));
    // Programs for other processors are told apart only by a header that is read.
    let header = FileHeader64::<Endianness>::parse(content)
        .map_err(|_| Unfit::Other("is no program for 64 bits".to_owned()))?;
    let endian = header.endian().map_err(damaged)?;
    let architecture = match (header.e_machine(endian), endian) {
        (elf::EM_X86_64, Endianness::Little) => Architecture::Amd64,
        (elf::EM_AARCH64, Endianness::Little) => Architecture::Arm64,
        (other, _) => {
            return Err(Unfit::Other(format!(
                "is for a processor (ELF machine {other}) that images are not made for: amd64 and arm64 are"
            )));
        }
    };
    if !matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN) {
        return Err(Unfit::Other("is no program that starts".to_owned()));
    }
    let mut starts = false;
    for segment in header.program_headers(endian, content).map_err(damaged)? {
        if let Some(loader) = segment.interpreter(endian, content).map_err(damaged)? {
            return Err(Unfit::Dynamic(String::from_utf8_lossy(loader).into_owned()));
        }
        let entries = segment.dynamic(endian, content).map_err(damaged)?;
        // A static program that may lie anywhere in memory has such a segment too, and needs nobody.
        let needs = |entry: &elf::Dyn64<Endianness>| entry.tag(endian) == elf::DT_NEEDED;
        if entries.is_some_and(|entries| entries.iter().any(needs)) {
            return Err(Unfit::Dynamic("a library".to_owned()));
        }
        starts |= segment.p_type(endian) == elf::PT_LOAD;
    }
    match starts {
        true => Ok(architecture),
        false => Err(Unfit::Other("is no program that starts".to_owned())),
    }
}
