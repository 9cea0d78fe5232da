//! A text of paragraphs, lists and commands, and its three forms: a terminal's, Markdown and HTML.

use crate::render::style::{printable, printable_lines, wrap};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading of the second level.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Points.
    List(Vec<String>),
    /// Something to paste, and its language.
    Code(&'static str, String),
}

impl Block {
    /// A paragraph.
    pub fn text(text: &str) -> Block {
        Block::Text(text.to_owned())
    }

    /// Points.
    pub fn list(points: &[&str]) -> Block {
        Block::List(points.iter().map(|point| (*point).to_owned()).collect())
    }

    /// Lines for a POSIX shell.
    pub fn sh(code: &str) -> Block {
        Block::Code("sh", code.to_owned())
    }

    /// Lines for PowerShell.
    pub fn ps(code: &str) -> Block {
        Block::Code("powershell", code.to_owned())
    }

    /// With each of its texts filled in.
    pub(super) fn filled(self, fill: impl Fn(&str) -> String) -> Block {
        match self {
            Block::Heading(text) => Block::Heading(fill(&text)),
            Block::Text(text) => Block::Text(fill(&text)),
            Block::List(points) => Block::List(points.iter().map(|point| fill(point)).collect()),
            Block::Code(language, code) => Block::Code(language, fill(&code)),
        }
    }
}

/// For a terminal of so many columns. Commands and addresses keep their lines.
pub fn terminal(blocks: &[Block], width: usize) -> String {
    let mut out = String::new();
    let paragraph = |out: &mut String, first: &str, rest: &str, text: &str| {
        for (n, line) in wrap(&printable(text), width.saturating_sub(rest.len())).iter().enumerate() {
            out.push_str(&format!("{}{line}\n", if n == 0 { first } else { rest }));
        }
    };
    for block in blocks {
        match block {
            Block::Heading(text) => out.push_str(&format!("{}\n\n", printable(text))),
            Block::Text(text) => paragraph(&mut out, "  ", "  ", text),
            Block::List(points) => {
                for (n, point) in points.iter().enumerate() {
                    paragraph(&mut out, &format!("  {}. ", n + 1), "     ", point);
                }
            }
            Block::Code(_, code) => {
                out.push('\n');
                for line in code.lines() {
                    out.push_str(&format!("    {}\n", printable(line)));
                }
                out.push('\n');
            }
        }
    }
    out
}

/// As Markdown. Texts are ours or were looked at; a value can close no fence, since fences are longer than any run in it.
pub fn markdown(title: &str, blocks: &[Block]) -> String {
    let mut out = format!("# {}\n\n", marked(title));
    for block in blocks {
        match block {
            Block::Heading(text) => out.push_str(&format!("## {}\n\n", marked(text))),
            Block::Text(text) => out.push_str(&format!("{}\n\n", marked(text))),
            Block::List(points) => {
                for (n, point) in points.iter().enumerate() {
                    out.push_str(&format!("{}. {}\n", n + 1, marked(point)));
                }
                out.push('\n');
            }
            Block::Code("link", address) => out.push_str(&format!("<{}>\n\n", printable(address.trim()))),
            Block::Code(language, code) => {
                let fence = "`".repeat(longest_run(code).max(2) + 1);
                out.push_str(&format!("{fence}{language}\n{}{fence}\n\n", with_end(&printable_lines(code))));
            }
        }
    }
    out
}

/// As one page of HTML that needs nothing else.
pub fn html(title: &str, blocks: &[Block]) -> String {
    let title = escaped(title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for block in blocks {
        match block {
            Block::Heading(text) => out.push_str(&format!("<h2>{}</h2>\n", escaped(text))),
            Block::Text(text) => out.push_str(&format!("<p>{}</p>\n", escaped(text))),
            Block::List(points) => {
                let points: String = points.iter().map(|point| format!("<li>{}</li>\n", escaped(point))).collect();
                out.push_str(&format!("<ol>\n{points}</ol>\n"));
            }
            Block::Code("link", address) => {
                let address = escaped(address.trim());
                out.push_str(&format!("<p><a rel=\"noreferrer\" href=\"{address}\">{address}</a></p>\n"));
            }
            Block::Code(_, code) => {
                let code: String = code.split_inclusive('\n').map(escaped).collect();
                out.push_str(&format!("<pre><code>{code}</code></pre>\n"));
            }
        }
    }
    out.push_str("</body>\n</html>\n");
    out
}

const CSS: &str = "body{max-width:46em;margin:2em auto;padding:0 1em;font:16px/1.5 sans-serif}\
                   pre{overflow:auto;padding:1em;background:#f3f3f3}a{overflow-wrap:anywhere}";

/// Text that Markdown takes as it is: its signs lose their meaning.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn escaped(text: &str) -> String {
    let (text, end) = text.strip_suffix('\n').map_or((text, ""), |text| (text, "\n"));
    let mut out = String::new();
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out + end
}

fn longest_run(code: &str) -> usize {
    code.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn with_end(code: &str) -> String {
    if code.ends_with('\n') { code.to_owned() } else { format!("{code}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_becomes_a_part_of_the_page() {
        let evil = "</code><script>alert(1)</script> \" ' & \u{202e}\u{1b}[31m";
        let blocks =
            [Block::text(evil), Block::Code("sh", format!("a\n{evil}\n")), Block::Code("link", evil.to_owned())];
        let page = html(evil, &blocks);
        assert!(!page.contains("<script>") && !page.contains('\u{1b}') && !page.contains('\u{202e}'), "{page}");
        assert!(page.contains("a\n&lt;/code&gt;"), "{page}");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let page = markdown("a_b", &[Block::Code("sh", "x\n````\n# no heading".to_owned())]);
        assert!(page.starts_with("# a\\_b\n\n`````sh\nx\n````\n# no heading\n`````\n"), "{page}");
    }

    #[test]
    fn a_terminal_gets_no_line_that_is_too_long() {
        let long = "word ".repeat(60);
        let text = terminal(&[Block::text(&long), Block::list(&[&long, &long])], 80);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("  2. word"));
    }
}
