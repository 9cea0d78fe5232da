//! DMARC by RFC 9989: a record read strictly, the names that a tree walk asks, and the policy in force. Depends on nothing
//! else here.

mod record;
mod walk;

pub use record::{Policy, PublicSuffix, Record, is_record};
pub use walk::{InForce, Tag, Visited, above, in_force};
