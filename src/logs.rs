//! Whole logs: each failure to its cause, counted, in memory that does not grow with the log.
//!
//! ```text
//! file or stream -> source (gzip, zstd, plain) -> lines (blocks; a line's first part) -> Tally -> render
//! ```

mod line;
mod people;
mod source;
mod stamp;
mod tally;

pub use line::{LONGEST_LINE, Line, Lines};
pub use people::Names;
pub use source::open;
pub use stamp::Stamp;
pub use tally::{Group, Tally};
