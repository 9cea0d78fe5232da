//! The first token of a new application, which the login service may not know yet.

use super::graph::Patience;
use crate::cloud::Cloud;
use crate::probes::{self, Client, Granted, TokenJob};
use crate::setup::secret::Mask;

/// What the login service says of an application, a service principal, a secret or a certificate that it does not know yet
/// (microsoft-facts E): right after their creation this is no fault.
const NOT_YET: [u64; 4] = [700_016, 7_000_229, 7_000_215, 700_027];

/// Asks for a token until the application is known, or patience ends. `job` is made anew for each try; `tell` hears of the
/// waiting.
pub async fn first_token(
    client: &Client,
    cloud: &Cloud,
    job: impl Fn() -> TokenJob,
    mask: &Mask,
    mut patience: Patience,
    tell: &(dyn Fn(&str) + Sync),
) -> Granted {
    loop {
        let granted = probes::request_token(client, cloud, &job(), mask).await;
        let codes = granted.facts.refusal.as_ref().map(|refusal| refusal.codes.as_slice()).unwrap_or_default();
        let Some(code) = codes.iter().find(|code| NOT_YET.contains(code)) else { return granted };
        tell(&format!("waiting until the login service knows the application (AADSTS{code})"));
        if !patience.wait().await {
            return granted;
        }
    }
}
