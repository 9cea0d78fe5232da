//! What a certificate and an assertion tell of their owner.

use std::collections::BTreeMap;

use crate::facts::Visit;

/// Whom a certificate names stands nowhere else.
pub(super) fn without_subject(visit: &mut Visit) {
    if let Some(own) = &mut visit.setup.certificate {
        "CN=masked".clone_into(&mut own.subject);
        "CN=masked".clone_into(&mut own.issuer);
    }
}

/// The thumbprints, which the login service repeats: the same stand-in in both places.
pub(super) fn names(visit: &Visit, names: &mut BTreeMap<String, String>) {
    if let Some(own) = &visit.setup.certificate {
        names.insert(own.sha1.clone(), format!("{:040}", 1));
        names.insert(own.sha256.clone(), format!("{:064}", 1));
    }
}
