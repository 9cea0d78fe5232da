//! What the mail exchanger does with a whole message: into the tenant's mailboxes, or on to outside.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;

use super::{SERVER, server_note};
use crate::sandbox::Shared;
use crate::sandbox::connectors::Peer;
use crate::sandbox::mail::{Envelope, message_id};
use crate::sandbox::receive::{self, Incoming};
use crate::sandbox::state::Delivered;

/// A message, and who brings it.
pub(super) struct Arrival<'a> {
    pub(super) ip: IpAddr,
    pub(super) secure: bool,
    /// The names in its certificate.
    pub(super) names: Vec<String>,
    pub(super) helo: String,
    pub(super) envelope: &'a Envelope,
    pub(super) message: &'a [u8],
}

/// Takes a message in, once for all of its recipients, or refuses it; what the service says.
pub(super) async fn exchange(state: Shared, resolver: SocketAddr, mail: Arrival<'_>) -> String {
    let lock = || state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let refusal = {
        let peer = Peer { ip: mail.ip, names: &mail.names, secure: mail.secure };
        lock().direct_refused(&peer, mail.envelope)
    };
    if let Some(refusal) = refusal {
        return format!("{refusal} {}", server_note());
    }
    let mut arrivals = Vec::new();
    for to in &mail.envelope.to {
        let incoming = Incoming {
            peer: mail.ip,
            helo: mail.helo.clone(),
            mail_from: mail.envelope.from.clone(),
            to: to.clone(),
            message: mail.message.to_vec(),
        };
        let outside = lock().tenant_of(to).is_none();
        let judged = if outside { None } else { Some(receive::judge(&incoming, &state, resolver).await) };
        if let Some(refusal) = judged.as_ref().and_then(|judged| judged.refusal.clone()) {
            return refusal;
        }
        arrivals.push((incoming, judged));
    }
    let mut state = lock();
    for (incoming, judged) in arrivals {
        match judged {
            Some(judged) => receive::arrive(&mut state, &incoming, &judged),
            None => state.outside.push(Delivered {
                from: incoming.mail_from,
                to: incoming.to,
                octets: incoming.message,
                at: Timestamp::now(),
                unseen_for: 0,
            }),
        }
    }
    state.taken += 1;
    let id = message_id(mail.message).unwrap_or_default();
    format!("250 2.6.0 {id} [InternalId=8963891414587, Hostname={SERVER}] Queued mail for delivery")
}
