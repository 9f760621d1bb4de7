//! Reads files and stdin up to a size limit, and files within a time limit.
//!
//! The limits make a wrong path an error: a disk image or `/dev/zero` would fill the memory, a pipe without a writer, a
//! terminal or a file server that does not respond would never end. The buffers are erased when they are dropped, because
//! many of these files hold secrets.

#[cfg(any(windows, test))]
mod access_list;
mod permissions;
mod whole;

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

pub use self::{
    permissions::{UnsafePermissions, check_private, check_unchangeable_by_others, create_private_folder},
    whole::{private_beside, write_private, write_public},
};

/// The capacity of the first buffer: most keys and settings fit in it.
const FIRST_CAPACITY: usize = 16 * 1024;

/// The room that a buffer has beside the content of a file, with which its end is found without a larger buffer.
const SPARE_CAPACITY: usize = 64;

/// The time limit of each file in milliseconds. Files are read in many places, and the limit is the same for all of them.
static TIME_LIMIT: AtomicU64 = AtomicU64::new(30_000);

/// A thread that reads files. Both opening and reading can block: then the thread is left behind, and ends on its own.
struct FileReader {
    /// Paths and size limits.
    files: Sender<(PathBuf, u64)>,
    contents: Receiver<Result<FileContent, FileError>>,
}

/// The content of a file, and its metadata.
type FileContent = (Zeroizing<Vec<u8>>, Metadata);

/// The thread that has read the last file: starting one takes longer than to read most files.
static IDLE_READER: Mutex<Option<FileReader>> = Mutex::new(None);

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system reports an error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is larger than the limit.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The file has not been read to its end within the time limit.
    #[error("it could not be read to its end within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The file has no content.
    #[error("it is empty")]
    Empty,
    /// The file is not text.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// It is not UTF-8, but may be text in an older encoding.
    #[error("it is not UTF-8 text, perhaps Latin-1 (Windows-1252)")]
    Latin1,
    /// It is not UTF-8, but may be text from a Windows console.
    #[error("it is not UTF-8 text, perhaps code page 850 (of the Windows console)")]
    CodePage850,
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => error,
            FileError::TimedOut(_) => Self::new(io::ErrorKind::TimedOut, error),
            FileError::TooLarge { .. }
            | FileError::Empty
            | FileError::NotUtf8
            | FileError::Latin1
            | FileError::CodePage850 => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// Decodes UTF-8 or UTF-16, without the byte order mark; returns `None` if it is neither.
///
/// `>` in Windows PowerShell writes UTF-16. Without a byte order mark, UTF-16 is recognised by a zero byte beside the
/// first character, which is ASCII in every text file read here.
#[must_use]
pub fn decode_text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let (unit, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        [1..=0x7f, 0, ..] => (u16::from_le_bytes, bytes),
        [0, 1..=0x7f, ..] => (u16::from_be_bytes, bytes),
        _ => {
            let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
            return Some(Zeroizing::new(text.to_owned()));
        }
    };
    let units = rest.chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or(0)]));
    // Large enough not to grow, which would leave a copy of a key behind.
    let mut text = Zeroizing::new(String::with_capacity(rest.len() * 3 / 2 + 3));
    for character in char::decode_utf16(units) {
        text.push(character.ok()?);
    }
    Some(text)
}

/// Sets how long reading a file may take in this process; at first it is 30 s.
pub fn set_time_limit(limit: Duration) {
    TIME_LIMIT.store(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`FileError::Io`] if the file cannot be read, [`FileError::TooLarge`] if it is larger than `limit`,
/// [`FileError::TimedOut`] if that takes too long.
pub fn read(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read_with_metadata(path, limit).map(|(content, _)| content)
}

/// Reads a file of at most `limit` bytes, and the metadata of the file that was read.
///
/// # Errors
/// As [`read`].
pub fn read_with_metadata(path: &Path, limit: u64) -> Result<FileContent, FileError> {
    let idle = IDLE_READER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let reader = match idle.map_or_else(FileReader::start, Ok) {
        Err(_) if path.is_file() => return open_and_read(path, limit),
        started => started?,
    };
    let time = Duration::from_millis(TIME_LIMIT.load(Ordering::Relaxed));
    let _ = reader.files.send((path.to_owned(), limit));
    let content = reader.contents.recv_timeout(time).map_err(|error| match error {
        RecvTimeoutError::Timeout => FileError::TimedOut(time),
        RecvTimeoutError::Disconnected => io::Error::from(io::ErrorKind::UnexpectedEof).into(),
    })?;
    *IDLE_READER.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
    content
}

impl FileReader {
    fn start() -> io::Result<Self> {
        let (files, asked) = mpsc::channel::<(PathBuf, u64)>();
        let (answer, contents) = mpsc::channel();
        thread::Builder::new().spawn(move || {
            for (path, limit) in asked {
                let _ = answer.send(open_and_read(&path, limit));
            }
        })?;
        Ok(Self { files, contents })
    }
}

fn open_and_read(path: &Path, limit: u64) -> Result<FileContent, FileError> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    // A buffer of the file's size: what is not used would be erased too. The size of a pipe is 0.
    let size = usize::try_from(metadata.len().min(limit)).unwrap_or_default();
    let capacity = if size == 0 { FIRST_CAPACITY } else { size + SPARE_CAPACITY };
    Ok((read_into(Zeroizing::new(Vec::with_capacity(capacity)), file, limit)?, metadata))
}

/// Reads a file, or stdin if the path is `-`. Stdin has no time limit: its writer may ask its user something.
///
/// # Errors
/// As [`read`].
pub fn read_or_stdin(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    if path == Path::new("-") { read_from(io::stdin().lock(), limit) } else { read(path, limit) }
}

/// Reads at most `limit` bytes from `reader`.
///
/// # Errors
/// As [`read`].
pub fn read_from(reader: impl Read, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read_into(Zeroizing::new(Vec::with_capacity(FIRST_CAPACITY)), reader, limit)
}

fn read_into(
    mut bytes: Zeroizing<Vec<u8>>,
    mut reader: impl Read,
    limit: u64,
) -> Result<Zeroizing<Vec<u8>>, FileError> {
    loop {
        let room = bytes.capacity() - bytes.len();
        let added = reader.by_ref().take(room as u64).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(FileError::TooLarge { limit });
        }
        if added < room {
            return Ok(bytes);
        }
        // `Vec` would grow by itself, but the buffer that it leaves behind would not be erased.
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * bytes.capacity()));
        larger.extend_from_slice(&bytes);
        bytes = larger;
    }
}

/// Reads a file that holds a UTF-8 text of at most `limit` bytes and is not empty.
///
/// # Errors
/// As [`read`]; [`FileError::Empty`] if there is nothing but white space, [`FileError::NotUtf8`] if it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<Zeroizing<String>, FileError> {
    let bytes = read(path, limit)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| FileError::NotUtf8)?;
    if text.trim().is_empty() { Err(FileError::Empty) } else { Ok(Zeroizing::new(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_up_to_the_limit_is_read_whole_and_more_is_rejected() {
        for length in [0, 1, FIRST_CAPACITY - 1, FIRST_CAPACITY, FIRST_CAPACITY + 1, 5 * FIRST_CAPACITY] {
            let content: Vec<u8> = (0..=250).cycle().take(length).collect();
            assert_eq!(*read_from(content.as_slice(), length as u64).unwrap(), content, "{length}");
            if let Some(limit) = (length as u64).checked_sub(1) {
                let error = read_from(content.as_slice(), limit).unwrap_err();
                assert_eq!(error.to_string(), format!("it is larger than {limit} bytes"));
            }
        }
    }

    #[test]
    fn files_of_every_size_are_read_whole_and_so_are_those_whose_size_is_unknown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in [0, 1, SPARE_CAPACITY - 1, SPARE_CAPACITY, FIRST_CAPACITY, 3 * FIRST_CAPACITY + 1] {
            let content: Vec<u8> = (0..=250).cycle().take(length).collect();
            std::fs::write(&file, &content).unwrap();

            assert_eq!(*read(file.path(), length as u64).unwrap(), content, "{length}");
            if let Some(limit) = (length as u64).checked_sub(1) {
                let error = read(file.path(), limit).unwrap_err();
                assert_eq!(error.to_string(), format!("it is larger than {limit} bytes"));
            }
        }
        #[cfg(target_os = "linux")]
        assert!(read(Path::new("/proc/self/status"), 100_000).unwrap().starts_with(b"Name:"));
    }

    #[test]
    fn endless_input_is_rejected_at_the_limit() {
        assert!(matches!(read_from(io::repeat(b'a'), 1_000_000), Err(FileError::TooLarge { limit: 1_000_000 })));
    }

    #[cfg(all(unix, not(target_vendor = "apple")))] // rustix has no mknodat there
    #[test]
    fn a_pipe_that_nothing_writes_to_is_given_up_at_the_time_limit() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let before = Duration::from_millis(TIME_LIMIT.load(Ordering::Relaxed));

        set_time_limit(Duration::from_millis(1500));
        let error = read(&pipe, 100).unwrap_err();
        set_time_limit(before);

        assert_eq!(error.to_string(), "it could not be read to its end within 1.5 s");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn text_must_be_utf8_and_not_empty() {
        let folder = tempfile::tempdir().unwrap();
        let read = |content: &[u8]| {
            let path = folder.path().join("file");
            std::fs::write(&path, content).unwrap();
            read_text(&path, 100).map(|text| text.to_string()).map_err(|error| error.to_string())
        };

        assert_eq!(read("blåbær\n".as_bytes()), Ok("blåbær\n".to_owned()));
        assert_eq!(read(b" \r\n"), Err("it is empty".to_owned()));
        assert_eq!(read(b"\xff\xfea\0"), Err("it is not UTF-8 text".to_owned()));
        let missing = read_text(&folder.path().join("missing"), 100).unwrap_err();
        assert!(matches!(missing, FileError::Io(error) if error.kind() == io::ErrorKind::NotFound));
    }
}
