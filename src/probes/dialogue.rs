//! The line protocol that SMTP, IMAP and POP share: bounded reads, a deadline, and a transcript that is masked
//! when it is written.

use std::time::Instant as Clock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::{Instant, timeout_at};

use super::net::Stream;
use super::{fault, ms_since};
use crate::facts::{Fault, FaultKind, Line, Reply, shortened};
use crate::setup::secret::{Mask, Secret};

/// RFC 5321 section 4.5.3.1.5 allows 512 octets a line; servers are longer, but not this long.
const LONGEST_LINE: usize = 8 * 1024;
/// Lines of one reply; Exchange Online's EHLO has ten.
pub(super) const MOST_LINES: usize = 128;
/// Octets of one reply: what a server says is kept three times over, and its longest refusals have some hundred.
pub(super) const LONGEST_REPLY: usize = 8 * 1024;
/// As much of what is no reply as a person wants to see.
pub(super) const EXCERPT: usize = 300;

/// One conversation over lines.
pub(super) struct Dialogue {
    stream: BufReader<Box<dyn Stream>>,
    /// Nothing is waited for beyond this.
    pub(super) deadline: Instant,
    began: Clock,
    mask: Mask,
    transcript: Vec<Line>,
    /// The last line as it came, which may hold a secret.
    raw: String,
}

impl Dialogue {
    pub(super) fn new(stream: Box<dyn Stream>, began: Clock, deadline: Instant, mask: Mask) -> Self {
        Dialogue { stream: BufReader::new(stream), deadline, began, mask, transcript: Vec::new(), raw: String::new() }
    }

    /// The transcript, which leaves the dialogue.
    pub(super) fn take_transcript(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.transcript)
    }

    /// Whether octets wait that nobody asked for.
    pub(super) fn pending(&self) -> bool {
        !self.stream.buffer().is_empty()
    }

    /// Puts another stream in the place of this one: TLS over it.
    pub(super) async fn upgrade<T, F>(&mut self, start: F) -> Result<T, Fault>
    where
        F: AsyncFnOnce(Box<dyn Stream>) -> Result<(Box<dyn Stream>, T), Fault>,
    {
        let closed: Box<dyn Stream> = Box::new(tokio::io::empty());
        let plain = std::mem::replace(&mut self.stream, BufReader::new(closed)).into_inner();
        let upgraded = timeout_at(self.deadline, start(plain)).await;
        let (stream, facts) = upgraded.map_err(|_| silent("the TLS handshake did not end in time"))??;
        self.stream = BufReader::new(stream);
        Ok(facts)
    }

    /// Masks one more secret from here on.
    pub(super) fn learn(&mut self, secret: &Secret) {
        self.mask.add(secret);
    }

    /// The text without the secrets.
    pub(super) fn masked(&self, text: &str) -> String {
        self.mask.apply(text)
    }

    /// Notes something in the transcript that neither side said.
    pub(super) fn note(&mut self, text: &str) {
        self.record('=', text);
    }

    /// Sends a line; `CRLF` is added.
    pub(super) async fn say(&mut self, line: &str) -> Result<(), Fault> {
        self.record('>', line);
        self.write(format!("{line}\r\n").as_bytes()).await
    }

    /// Sends several lines at once (RFC 2920); their answers come in order.
    pub(super) async fn say_together(&mut self, lines: &[&str]) -> Result<(), Fault> {
        let mut octets = String::new();
        for line in lines {
            self.record('>', line);
            octets.push_str(line);
            octets.push_str("\r\n");
        }
        self.write(octets.as_bytes()).await
    }

    /// Sends octets that must not be seen; the transcript has `shown` instead.
    pub(super) async fn say_hidden(&mut self, octets: &[u8], shown: &str) -> Result<(), Fault> {
        self.record('>', shown);
        self.write(octets).await
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), Fault> {
        let work = async {
            self.stream.get_mut().write_all(octets).await?;
            self.stream.get_mut().flush().await
        };
        match timeout_at(self.deadline, work).await {
            Err(_) => Err(silent("the server did not take what we sent in time")),
            Ok(result) => result.map_err(|e| fault::of_io(&e)),
        }
    }

    /// Reads a whole SMTP reply (RFC 5321 section 4.2).
    pub(super) async fn reply(&mut self) -> Result<Reply, Fault> {
        let mut reply = Reply::default();
        let mut length = 0;
        loop {
            let line = self.line().await?;
            length += line.len();
            let (code, last, text) =
                parse_reply_line(&line).filter(|(code, ..)| reply.lines.is_empty() || *code == reply.code).ok_or_else(
                    || Fault::new(FaultKind::Garbage, format!("no SMTP reply: {}", shortened(&line, EXCERPT))),
                )?;
            reply.code = code;
            reply.lines.push(text.to_owned());
            if length > LONGEST_REPLY {
                return Err(Fault::new(FaultKind::TooLong, format!("a reply of more than {LONGEST_REPLY} octets")));
            }
            if last {
                return Ok(reply);
            }
            if reply.lines.len() >= MOST_LINES {
                return Err(Fault::new(FaultKind::TooLong, format!("a reply of more than {MOST_LINES} lines")));
            }
        }
    }

    /// What the last reply, a challenge, holds once decoded, masked. From the octets as they came: base64 looks like a
    /// credential, so the mask has already covered it in the reply. None: it is no base64 of text.
    pub(super) fn challenge(&self) -> Option<String> {
        self.challenge_behind(4)
    }

    /// The same where the last line begins with so many octets of its own.
    pub(super) fn challenge_behind(&self, octets: usize) -> Option<String> {
        let octets = STANDARD.decode(self.raw.get(octets..)?.trim()).ok()?;
        Some(self.mask.apply(&String::from_utf8(octets).ok()?))
    }

    /// Reads one line, without its end, masked.
    pub(super) async fn line(&mut self) -> Result<String, Fault> {
        let octets = match timeout_at(self.deadline, read_line(&mut self.stream)).await {
            Err(_) => return Err(silent("no answer in time")),
            Ok(octets) => octets?,
        };
        self.raw = String::from_utf8_lossy(&octets).into_owned();
        let text = self.mask.apply(&self.raw);
        self.record('<', &text);
        Ok(text)
    }

    /// Reads so many octets and keeps none of them: a literal of IMAP.
    pub(super) async fn skip(&mut self, octets: usize) -> Result<(), Fault> {
        self.take(octets).await.map(drop)
    }

    /// Reads so many octets, which are not put into the transcript. The caller bounds them.
    pub(super) async fn take(&mut self, octets: usize) -> Result<Vec<u8>, Fault> {
        let mut literal = vec![0; octets];
        match timeout_at(self.deadline, self.stream.read_exact(&mut literal)).await {
            Err(_) => return Err(silent("no answer in time")),
            Ok(read) => read.map_err(|e| fault::of_io(&e))?,
        };
        self.note(&format!("a literal of {octets} octets"));
        Ok(literal)
    }

    /// How many lines the transcript has.
    pub(super) fn lines(&self) -> usize {
        self.transcript.len()
    }

    /// Takes the lines back that came after these.
    pub(super) fn forget_after(&mut self, lines: usize) {
        self.transcript.truncate(lines);
    }

    fn record(&mut self, side: char, text: &str) {
        let text = if side == '<' { text.to_owned() } else { self.mask.apply(text) };
        self.transcript.push(Line { ms: ms_since(self.began), side, text });
    }
}

fn silent(words: &str) -> Fault {
    Fault::new(FaultKind::Silent, words)
}

async fn read_line(stream: &mut BufReader<Box<dyn Stream>>) -> Result<Vec<u8>, Fault> {
    let mut line = Vec::new();
    loop {
        let buffer = stream.fill_buf().await.map_err(|e| fault::of_io(&e))?;
        if buffer.is_empty() {
            let words = if line.is_empty() {
                "the server closed the connection"
            } else {
                "the server closed the connection in the middle of a line"
            };
            return Err(Fault::new(FaultKind::ClosedEarly, words));
        }
        let end = buffer.iter().position(|octet| *octet == b'\n');
        let taken = end.map_or(buffer.len(), |end| end + 1);
        line.extend_from_slice(&buffer[..taken]);
        stream.consume(taken);
        if line.len() > LONGEST_LINE {
            return Err(Fault::new(FaultKind::TooLong, format!("a line of more than {LONGEST_LINE} octets")));
        }
        if end.is_some() {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(line);
        }
    }
}

/// Code, whether it is the last line, text.
fn parse_reply_line(line: &str) -> Option<(u16, bool, &str)> {
    let code = line.get(..3)?;
    let sound = code.bytes().all(|b| b.is_ascii_digit()) && matches!(code.as_bytes()[0], b'2'..=b'5');
    let code = sound.then(|| code.parse().ok()).flatten()?;
    match line.as_bytes().get(3) {
        None => Some((code, true, "")),
        Some(b' ') => Some((code, true, &line[4..])),
        Some(b'-') => Some((code, false, &line[4..])),
        Some(_) => None,
    }
}

/// The XOAUTH2 initial response: base64 of `user=…^Aauth=Bearer …^A^A` (Microsoft Learn, "SASL XOAUTH2").
pub(crate) fn xoauth2(user: &str, token: &str) -> String {
    STANDARD.encode(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_lines_are_read_strictly() {
        assert_eq!(parse_reply_line("250-SIZE 1"), Some((250, false, "SIZE 1")));
        assert_eq!(parse_reply_line("250 ok"), Some((250, true, "ok")));
        assert_eq!(parse_reply_line("250"), Some((250, true, "")));
        assert_eq!(parse_reply_line("HTTP/1.1 400 Bad Request"), None);
        assert_eq!(parse_reply_line("25é"), None);
        assert_eq!(parse_reply_line("2500"), None);
    }
}
