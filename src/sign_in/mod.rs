//! A person's sign-in: what it left behind, where that is kept, and how an access token is had from it.
//!
//! What is kept is a refresh token, which opens a mailbox for months, and the access tokens it has brought so far. The
//! login service gives a new refresh token with every use and asks that it take the old one's place (Microsoft Learn,
//! "Refresh tokens in the Microsoft identity platform"; the old one is not revoked). So a use is: lock, read, ask, write,
//! unlock, and two programs that ask at once come one after the other.

mod command;
mod entry;
mod folder;
#[cfg_attr(not(feature = "keyring"), path = "no_keyring.rs")]
mod keyring;
mod lock;
mod renew;
mod scopes;
mod store;

pub use entry::{Access, Entry};
pub(crate) use renew::take;
pub use renew::{Held, renewed};
pub use scopes::{Scopes, by_resource, wanted};
pub use store::{Key, Store, StoreError};
