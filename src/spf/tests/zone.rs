//! A zone in memory.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Mutex,
};

use crate::spf::{Answer, Lookup, LookupFailure};

/// Answers from tables, and remembers what it was asked.
#[derive(Default)]
pub(super) struct Zone {
    rows: HashMap<String, Vec<Row>>,
    asked: Mutex<Vec<String>>,
}

#[derive(Clone)]
enum Row {
    Txt(Vec<u8>),
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Mx(u16, String),
    Ptr(String),
    Down,
}

impl Zone {
    pub(super) fn with_record(record: &str) -> Self {
        Self::default().txt("example.com", record)
    }

    pub(super) fn txt(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        self.add(name, Row::Txt(text.as_ref().to_vec()))
    }

    /// An address of either family.
    pub(super) fn host(self, name: &str, ip: &str) -> Self {
        match ip.parse().expect("the test's own address") {
            IpAddr::V4(ip) => self.add(name, Row::A(ip)),
            IpAddr::V6(ip) => self.add(name, Row::Aaaa(ip)),
        }
    }

    pub(super) fn mx(self, name: &str, preference: u16, host: &str) -> Self {
        self.add(name, Row::Mx(preference, host.to_owned()))
    }

    pub(super) fn ptr(self, ip: &str, name: &str) -> Self {
        self.add(ip, Row::Ptr(name.to_owned()))
    }

    /// Every question about this name fails for now.
    pub(super) fn down(self, name: &str) -> Self {
        self.add(name, Row::Down)
    }

    /// What was asked so far, as `TYPE name`.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics here").clone()
    }

    fn add(mut self, name: &str, row: Row) -> Self {
        self.rows.entry(name.to_ascii_lowercase()).or_default().push(row);
        self
    }

    fn find<T>(&self, kind: &str, name: &str, pick: impl Fn(&Row) -> Option<T>) -> Answer<T> {
        let mut asked = self.asked.lock().expect("no test panics here");
        asked.push(format!("{kind} {name}"));
        match self.rows.get(&name.to_ascii_lowercase()) {
            None => Err(LookupFailure::NoSuchName),
            Some(rows) if rows.iter().any(|row| matches!(row, Row::Down)) => {
                Err(LookupFailure::Temporary("SERVFAIL".to_owned()))
            }
            Some(rows) => Ok(rows.iter().filter_map(pick).collect()),
        }
    }
}

impl Lookup for Zone {
    async fn txt(&self, name: &str) -> Answer<Vec<u8>> {
        self.find("TXT", name, |row| match row {
            Row::Txt(text) => Some(text.clone()),
            _ => None,
        })
    }

    async fn a(&self, name: &str) -> Answer<Ipv4Addr> {
        self.find("A", name, |row| match row {
            Row::A(ip) => Some(*ip),
            _ => None,
        })
    }

    async fn aaaa(&self, name: &str) -> Answer<Ipv6Addr> {
        self.find("AAAA", name, |row| match row {
            Row::Aaaa(ip) => Some(*ip),
            _ => None,
        })
    }

    async fn mx(&self, name: &str) -> Answer<(u16, String)> {
        self.find("MX", name, |row| match row {
            Row::Mx(preference, host) => Some((*preference, host.clone())),
            _ => None,
        })
    }

    async fn ptr(&self, ip: IpAddr) -> Answer<String> {
        self.find("PTR", &ip.to_string(), |row| match row {
            Row::Ptr(name) => Some(name.clone()),
            _ => None,
        })
    }
}
