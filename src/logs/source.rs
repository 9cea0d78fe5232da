//! A log as a stream of octets, whatever it is packed in. The first octets decide, not the name.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// RFC 1952 section 2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// RFC 8878 section 3.1.1.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The largest window that the `zstd` command takes without being asked to take more.
const LARGEST_WINDOW: u64 = 128 * 1024 * 1024;
/// How much is read at once, in octets.
const BLOCK: usize = 256 * 1024;

/// Unpacks as it is read.
///
/// # Errors
/// The stream can not be read.
pub fn open(stream: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::with_capacity(ZSTD.len());
    let mut stream = stream;
    stream.by_ref().take(ZSTD.len() as u64).read_to_end(&mut head)?;
    let whole = BufReader::with_capacity(BLOCK, io::Cursor::new(head.clone()).chain(stream));
    Ok(if head.starts_with(&GZIP) {
        Box::new(MultiGzDecoder::new(whole))
    } else if head == ZSTD {
        Box::new(Frames::new(whole)?)
    } else {
        Box::new(whole)
    })
}

/// One zstd frame after the other, as `zstd` writes them when files are joined.
struct Frames<R: BufRead>(Option<StreamingDecoder<R, FrameDecoder>>);

impl<R: BufRead> Frames<R> {
    fn new(stream: R) -> io::Result<Self> {
        Ok(Frames(Some(decoder(stream)?)))
    }
}

fn decoder<R: BufRead>(stream: R) -> io::Result<StreamingDecoder<R, FrameDecoder>> {
    StreamingDecoder::new_with_max_window_size(stream, LARGEST_WINDOW).map_err(|e| io::Error::other(e.to_string()))
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.0 {
            let read = frame.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            let Some(mut rest) = self.0.take().map(StreamingDecoder::into_inner) else { break };
            if !rest.fill_buf()?.is_empty() {
                self.0 = Some(decoder(rest)?);
            }
        }
        Ok(0)
    }
}
