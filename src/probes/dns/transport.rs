//! How mail to the domain is to be encrypted: the MTA-STS record and policy, and the address for reports on TLS.

use std::net::IpAddr;

use url::Url;

use super::DomainJob;
use super::resolver::Resolver;
use crate::facts::{LookupFacts, MtaStsFacts, MtaStsPolicy, TlsReportFacts, shortened};
use crate::probes::http::Client;
use crate::spf::Lookup as _;

/// Records of one name that are kept, and as much of each as a person reads.
const MOST_RECORDS: usize = 5;
const LONGEST_RECORD: usize = 500;
/// The longest policy that anybody need take (RFC 8461 section 3.3: 64 kilobytes).
const LONGEST_POLICY: usize = 64 * 1024;
/// Patterns that are kept; an honest policy has some ten, that of `mx.microsoft` six and twenty.
const MOST_PATTERNS: usize = 100;
/// A year (RFC 8461 section 3.2).
const LONGEST_AGE: u64 = 31_557_600;
/// RFC 8461 section 3.1.
const LONGEST_ID: usize = 32;

impl Resolver {
    /// The record, and where there is one the policy.
    pub(super) async fn mta_sts(&self, job: &DomainJob<'_>) -> MtaStsFacts {
        let (lookup, records) = self.versioned(&format!("_mta-sts.{}", job.domain), "v=STSv1").await;
        let id = match &records[..] {
            [one] => id_of(one),
            _ => None,
        };
        let facts = MtaStsFacts { lookup, records, id, ..MtaStsFacts::default() };
        // Without one valid record nobody asks for the policy (RFC 8461 section 3.1).
        if facts.id.is_none() {
            return facts;
        }
        if job.without.policies {
            return MtaStsFacts { left_out: true, ..facts };
        }
        let host = format!("mta-sts.{}", job.domain);
        let port = job.cloud.mta_sts_port;
        let Ok(url) = Url::parse(&format!("https://{host}:{port}/.well-known/mta-sts.txt")) else { return facts };
        let addresses = self.addresses_of(job, &host).await;
        let client = Client::new(job.cloud, job.limit, job.proxy, job.mask).at(&host, addresses);
        let (mut http, body) = client.text(&url, LONGEST_POLICY).await;
        let (policy, fault) = match body.map(|body| policy(http.content_type.as_deref(), http.status, &body)) {
            None => (None, None),
            Some(Ok(policy)) => (Some(policy), None),
            Some(Err(why)) => (None, Some(why)),
        };
        if policy.is_some() {
            http.words = None;
        }
        MtaStsFacts { request: Some(http), policy, fault, ..facts }
    }

    /// A resolver of the run's own knows names that the system may not.
    async fn addresses_of(&self, job: &DomainJob<'_>, host: &str) -> Vec<IpAddr> {
        if job.cloud.resolver.is_none() {
            return Vec::new();
        }
        let (a, aaaa) = tokio::join!(self.a(host), self.aaaa(host));
        let a = a.into_iter().flatten().map(IpAddr::V4);
        a.chain(aaaa.into_iter().flatten().map(IpAddr::V6)).collect()
    }

    /// The record that asks for reports on TLS (RFC 8460 section 3).
    pub(super) async fn tls_reports(&self, domain: &str) -> TlsReportFacts {
        let (lookup, records) = self.versioned(&format!("_smtp._tls.{domain}"), "v=TLSRPTv1").await;
        let fault = match &records[..] {
            [] => None,
            [one] => report_fault(one),
            several => Some(format!("{} records; of several none counts", several.len())),
        };
        TlsReportFacts { lookup, records, fault }
    }

    /// The texts of a name that begin with a version.
    async fn versioned(&self, name: &str, version: &str) -> (LookupFacts, Vec<String>) {
        let (lookup, texts) = self.texts(name).await;
        let own = texts.iter().filter(|text| text.split(';').next().is_some_and(|first| first.trim_end() == version));
        (lookup, own.take(MOST_RECORDS).map(|text| shortened(text, LONGEST_RECORD)).collect())
    }
}

/// `id` of a record, where it can stand there (RFC 8461 section 3.1).
fn id_of(record: &str) -> Option<String> {
    let id = fields(record, ';', '=').find(|(name, _)| *name == "id")?.1;
    let sound = !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(|octet| octet.is_ascii_alphanumeric());
    sound.then(|| id.to_owned())
}

fn fields(text: &str, between: char, within: char) -> impl Iterator<Item = (&str, &str)> {
    text.split(between).filter_map(move |part| part.split_once(within)).map(|(name, value)| (name.trim(), value.trim()))
}

/// Why a record asks nobody for reports (RFC 8460 section 3).
fn report_fault(record: &str) -> Option<String> {
    let Some((_, list)) = fields(record, ';', '=').find(|(name, _)| *name == "rua") else {
        return Some("there is no rua=, which names the address".to_owned());
    };
    let sound = |uri: &str| {
        let mail = uri.strip_prefix("mailto:").and_then(|address| address.split_once('@'));
        mail.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
            || uri.strip_prefix("https://").is_some_and(|rest| rest.contains('.'))
    };
    let faulty = list.split(',').map(str::trim).find(|uri| !sound(uri))?;
    Some(format!("`{}` is neither mailto:ADDRESS nor https://HOST", shortened(faulty, 60)))
}

/// Reads a policy (RFC 8461 section 3.2).
fn policy(kind: Option<&str>, status: Option<u16>, body: &str) -> Result<MtaStsPolicy, String> {
    if status != Some(200) {
        return Err(format!("the status is {}, and only 200 counts", status.unwrap_or_default()));
    }
    let kind = kind.unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain") {
        return Err(format!("Content-Type is `{}`, and only text/plain counts", shortened(kind, 60)));
    }
    let one = |wanted: &str| fields(body, '\n', ':').find(|(name, _)| *name == wanted).map(|(_, value)| value);
    if one("version") != Some("STSv1") {
        return Err("there is no line `version: STSv1`".to_owned());
    }
    let mode = one("mode").unwrap_or_default();
    if !["enforce", "testing", "none"].contains(&mode) {
        return Err(format!("mode is `{}`, which is none of enforce, testing, none", shortened(mode, 40)));
    }
    let age = one("max_age").unwrap_or_default();
    let max_age = age.parse().ok().filter(|age| *age <= LONGEST_AGE);
    let max_age =
        max_age.ok_or_else(|| format!("max_age is `{}`; it is a number up to {LONGEST_AGE}", shortened(age, 40)))?;
    let mx = fields(body, '\n', ':').filter(|(name, _)| *name == "mx").take(MOST_PATTERNS);
    let mx: Vec<String> = mx.map(|(_, pattern)| shortened(pattern, 253)).collect();
    if mx.is_empty() && mode != "none" {
        return Err("there is no line `mx: HOST`".to_owned());
    }
    Ok(MtaStsPolicy { mode: mode.to_owned(), mx, max_age })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: STSv1\r\nmode: enforce\r\nmx: *.mail.protection.outlook.com\r\nmax_age: 604800\r\n";

    #[test]
    fn a_policy_is_read_with_either_end_of_line() {
        for text in [GOOD.to_owned(), GOOD.replace("\r\n", "\n")] {
            let policy = policy(Some("text/plain; charset=utf-8"), Some(200), &text).unwrap();
            assert_eq!((policy.mode.as_str(), policy.max_age), ("enforce", 604_800));
            assert_eq!(policy.mx, ["*.mail.protection.outlook.com"]);
        }
        assert!(policy(Some("text/plain"), Some(200), "version: STSv1\nmode: none\nmax_age: 0").is_ok());
    }

    #[test]
    fn what_is_no_policy_says_why() {
        let cases = [
            (Some("text/html"), 200, GOOD.to_owned(), "text/plain"),
            (None, 200, GOOD.to_owned(), "text/plain"),
            (Some("text/plain"), 404, GOOD.to_owned(), "404"),
            (Some("text/plain"), 200, GOOD.replace("STSv1", "STSv2"), "version: STSv1"),
            (Some("text/plain"), 200, GOOD.replace("enforce", "strict"), "mode is `strict`"),
            (Some("text/plain"), 200, GOOD.replace("604800", "99999999"), "max_age"),
            (Some("text/plain"), 200, GOOD.replace("mx:", "host:"), "mx: HOST"),
            (Some("text/plain"), 200, String::new(), "version"),
        ];
        for (kind, status, body, why) in cases {
            let fault = policy(kind, Some(status), &body).unwrap_err();
            assert!(fault.contains(why), "{body}: {fault}");
        }
    }

    #[test]
    fn an_id_is_letters_and_digits() {
        assert_eq!(id_of("v=STSv1; id=20261126T01;").as_deref(), Some("20261126T01"));
        for record in
            ["v=STSv1", "v=STSv1; id=", "v=STSv1; id=2026-11-26", "v=STSv1; id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert_eq!(id_of(record), None, "{record}");
        }
    }

    #[test]
    fn an_address_for_reports_is_mail_or_https() {
        assert_eq!(report_fault("v=TLSRPTv1; rua=mailto:a@example.org,https://example.org/r"), None);
        for record in [
            "v=TLSRPTv1",
            "v=TLSRPTv1; rua=a@example.org",
            "v=TLSRPTv1; rua=mailto:nobody",
            "v=TLSRPTv1; rua=http://a.b",
        ] {
            assert!(report_fault(record).is_some(), "{record}");
        }
    }
}
