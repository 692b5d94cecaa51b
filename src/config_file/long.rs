//! AWS files too long to be kept for one answer: of thousands of profiles it needs a few.

use std::borrow::Cow;
use std::path::Path;

use zeroize::Zeroizing;

use super::read;
use crate::error::Result;
use crate::ini::{Document, Excerpt, Outline};
use crate::profile::Profiles;
use crate::sys::long_file::LongFile;
use crate::sys::paths::Paths;

/// Files of more bytes are long: about a thousand profiles. There the two ways took the same time (at 118 kB, 1.10 ms for an
/// answer); a shorter file is read faster whole.
const LONG: u64 = 128 << 10;

/// How often work is done over, each time with the sections it looked for the time before. A chain has one more in each; of
/// a longer one the whole file is read.
const ROUNDS: usize = 12;

/// The AWS files, one of them at least a long one.
pub(super) struct LongFiles {
    config: Source,
    credentials: Source,
}

enum Source {
    /// A short one; where there is none, an empty one.
    Whole(Document),
    Long {
        file: LongFile,
        outline: Outline,
    },
}

/// Looks at the AWS files where one of them is long, and looks a long one through; `None` where none is, or a long one is
/// refused or cannot be read: [`super::load`] then says why.
///
/// # Errors
/// As [`super::load`], of a short one.
pub(super) fn open(paths: &Paths) -> Result<Option<LongFiles>> {
    open_longer_than(LONG, paths)
}

fn open_longer_than(most: u64, paths: &Paths) -> Result<Option<LongFiles>> {
    let files = [&paths.aws_config, &paths.aws_credentials].map(|path| (path, LongFile::open(path, most)));
    if files.iter().all(|(_, file)| file.is_none()) {
        return Ok(None);
    }
    let [config, credentials] = files.map(|(path, file)| source(path, file));
    Ok(config?.zip(credentials?).map(|(config, credentials)| LongFiles { config, credentials }))
}

fn source(path: &Path, file: Option<LongFile>) -> Result<Option<Source>> {
    let Some(file) = file else { return Ok(Some(Source::Whole(read(path)?.unwrap_or_default()))) };
    let mut outline = Outline::new(usize::try_from(file.length()).unwrap_or_default());
    let passed = file.pass_by(|bytes, is_last| outline.add(bytes, is_last));
    Ok(passed.map(|()| Source::Long { file, outline }))
}

impl LongFiles {
    /// What `work` makes of the profiles: what it would make of those of the whole files, for it is done over until it
    /// finds all the sections it looks for.
    ///
    /// `None` where it fails, looks at all profiles or goes too far, and where a file was just written or cannot be read: it is
    /// then to be done over whole files.
    pub(super) fn with_excerpts<T>(&self, work: impl Fn(&Profiles<'_>) -> Result<T>) -> Option<T> {
        let (mut config, mut credentials) = (Parts::default(), Parts::default());
        let mut names: Vec<String> = Vec::new();
        for _ in 0..ROUNDS {
            let documents = (config.document(&self.config)?, credentials.document(&self.credentials)?);
            let profiles = Profiles::new(Some(&documents.0), Some(&documents.1));
            let done = work(&profiles);
            let more: Vec<String> = profiles.sought().into_iter().filter(|name| !names.contains(name)).collect();
            if more.is_empty() {
                return done.ok().filter(|_| !profiles.all_seen() && self.are_settled());
            }
            for name in &more {
                config.fetch(&self.config, name)?;
                credentials.fetch(&self.credentials, name)?;
            }
            names.extend(more);
        }
        None
    }

    fn are_settled(&self) -> bool {
        [&self.config, &self.credentials].into_iter().all(|source| match source {
            Source::Whole(_) => true,
            Source::Long { file, outline: _ } => file.is_settled(),
        })
    }
}

/// The sections of a long file that were fetched, in their order there.
#[derive(Default)]
struct Parts(Vec<Part>);

struct Part {
    start: usize,
    line: usize,
    text: Zeroizing<String>,
}

impl Parts {
    fn fetch(&mut self, source: &Source, name: &str) -> Option<()> {
        let Source::Long { file, outline } = source else { return Some(()) };
        for Excerpt { range, line } in outline.called(name) {
            let (start, bytes) = (range.start, file.part(range)?);
            let text = Zeroizing::new(std::str::from_utf8(&bytes).ok()?.to_owned());
            let at = self.0.partition_point(|part| part.start < start);
            // Two names may be taken for one.
            if self.0.get(at).is_none_or(|part| part.start != start) {
                self.0.insert(at, Part { start, line, text });
            }
        }
        Some(())
    }

    fn document<'s>(&self, source: &'s Source) -> Option<Cow<'s, Document>> {
        match source {
            Source::Whole(document) => Some(Cow::Borrowed(document)),
            Source::Long { .. } => {
                let sections = self.0.iter().map(|part| (part.line, part.text.as_str()));
                Document::of_sections(sections).ok().map(Cow::Owned)
            }
        }
    }
}

#[cfg(test)]
mod tests;
