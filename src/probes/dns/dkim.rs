//! The selectors of the domain's signatures, and the keys behind them.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hickory_proto::rr::{RData, RecordType};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::resolver::{Resolver, together};
use crate::cloud::Cloud;
use crate::facts::{DkimKey, DkimSelector};

/// The selectors of every tenant (microsoft-facts A.3).
pub(super) const OF_MICROSOFT: [&str; 2] = ["selector1", "selector2"];
/// An Ed25519 public key has 32 octets (RFC 8463 section 4).
const ED25519_OCTETS: usize = 32;
/// Some leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Resolver {
    /// The two selectors of Microsoft 365, and those that the user named.
    pub(super) async fn dkim(&self, cloud: &Cloud, domain: &str, more: &[String]) -> Vec<DkimSelector> {
        let more = more.iter().map(String::as_str).filter(|name| !OF_MICROSOFT.contains(name));
        together(OF_MICROSOFT.into_iter().chain(more).map(|selector| self.selector(cloud, domain, selector))).await
    }

    async fn selector(&self, cloud: &Cloud, domain: &str, selector: &str) -> DkimSelector {
        let answer = self.ask(&format!("{selector}._domainkey.{domain}"), RecordType::TXT).await;
        let texts: Vec<Vec<u8>> = answer.records.into_iter().filter_map(octets).collect();
        DkimSelector {
            selector: selector.to_owned(),
            lookup: answer.ended,
            microsoft: answer.aliases.iter().any(|name| cloud.keeps_dkim(name)),
            aliases: answer.aliases,
            texts: texts.len(),
            key: texts.first().map(|octets| key(&String::from_utf8_lossy(octets))),
        }
    }
}

fn octets(data: RData) -> Option<Vec<u8>> {
    if let RData::TXT(text) = data { Some(text.txt_data.concat()) } else { None }
}

/// Reads a key record (RFC 6376 section 3.6.1).
fn key(text: &str) -> DkimKey {
    let tags = text.split(';').filter_map(|tag| tag.split_once('=')).map(|(tag, value)| (tag.trim(), value.trim()));
    let tag = |wanted: &str| tags.clone().find(|(tag, _)| *tag == wanted).map(|(_, value)| value);
    let lists = |value: &str, wanted: &[&str]| value.split(':').any(|item| wanted.contains(&item.trim()));
    let kind = tag("k").unwrap_or("rsa");
    let mut key = DkimKey { kind: crate::facts::shortened(kind, 40), ..DkimKey::default() };
    key.test = tag("t").is_some_and(|flags| lists(flags, &["y"]));
    // The version may be left out; where it is said, it stands first.
    if tag("v").is_some() && tags.clone().next() != Some(("v", "DKIM1")) {
        key.fault = Some("the record does not begin with v=DKIM1".to_owned());
    } else if tag("h").is_some_and(|hashes| !lists(hashes, &["sha256"])) {
        key.fault = Some("h= leaves out sha256, with which everybody signs".to_owned());
    } else if tag("s").is_some_and(|services| !lists(services, &["*", "email"])) {
        key.fault = Some("s= does not allow e-mail".to_owned());
    } else {
        match tag("p") {
            None => key.fault = Some("there is no p=, which holds the key".to_owned()),
            Some("") => key.revoked = true,
            Some(value) => match bits(&key.kind, value) {
                Ok(bits) => key.bits = bits,
                Err(fault) => key.fault = Some(fault),
            },
        }
    }
    key
}

/// The length of the modulus, for an RSA key.
fn bits(kind: &str, value: &str) -> Result<Option<u32>, String> {
    let value: String = value.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let octets = BASE64.decode(value).map_err(|e| format!("p= is not Base64: {e}"))?;
    match kind {
        "rsa" => rsa_bits(&octets).map(Some).ok_or_else(|| "p= holds no RSA key".to_owned()),
        "ed25519" if octets.len() == ED25519_OCTETS => Ok(None),
        "ed25519" => Err(format!("p= holds {} octets; an Ed25519 key has {ED25519_OCTETS}", octets.len())),
        _ => Err("k= is no type of key that verifiers know".to_owned()),
    }
}

fn rsa_bits(octets: &[u8]) -> Option<u32> {
    let of = |key: &RSAPublicKey<'_>| {
        let modulus: Vec<u8> = key.modulus.iter().copied().skip_while(|octet| *octet == 0).collect();
        let leading = modulus.first()?.leading_zeros();
        Some(u32::try_from(modulus.len()).ok()? * 8 - leading)
    };
    // RFC 6376 asks for the inner form; everybody publishes the outer one (errata 3017), and verifiers take both.
    if let Ok((_, info)) = SubjectPublicKeyInfo::from_der(octets) {
        let PublicKey::RSA(key) = info.parsed().ok()? else { return None };
        return of(&key);
    }
    of(&RSAPublicKey::from_der(octets).ok()?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA_512: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJXW8wEkWeGmojxsU0kILwLHAlf+IzrqmjHyRsBJ76fnMCm57r+x\
                           BonQAC/GoxmMiVjA/LXBOu3W3xjZOJ+ParUCAwEAAQ==";

    #[test]
    fn the_length_of_a_key_is_that_of_its_modulus() {
        assert_eq!(key(&format!("v=DKIM1; k=rsa; p={RSA_512}")).bits, Some(512));
        assert_eq!(key(&format!("p={}", RSA_512.replace("AgMBAAE=", "Ag MBAAE="))).bits, Some(512));
    }

    #[test]
    fn a_key_that_verifies_nothing_says_why() {
        let cases = [
            ("k=rsa; v=DKIM1; p=AA", "begin with v=DKIM1"),
            ("v=DKIM2; p=AA", "begin with v=DKIM1"),
            ("v=DKIM1; h=sha1; p=AA", "sha256"),
            ("v=DKIM1; s=tlsrpt; p=AA", "e-mail"),
            ("v=DKIM1; k=rsa", "no p="),
            ("v=DKIM1; p=%%%", "not Base64"),
            ("v=DKIM1; p=QUJD", "no RSA key"),
            ("v=DKIM1; k=ed25519; p=QUJD", "3 octets"),
            ("v=DKIM1; k=dsa; p=QUJD", "no type of key"),
            ("", "no p="),
        ];
        for (text, why) in cases {
            let fault = key(text).fault.unwrap_or_default();
            assert!(fault.contains(why), "{text}: {fault}");
        }
        assert!(key("v=DKIM1; k=rsa; p=").revoked);
        assert!(key("v=DKIM1; t=s:y; p=").test);
    }

    #[test]
    fn ten_thousand_tags_are_read_once_each() {
        let text = format!("v=DKIM1; {}p=", "x=1;".repeat(10_000));
        assert!(key(&text).revoked);
    }
}
