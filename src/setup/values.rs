//! Single words as values: roads, stages, times, names.

use std::time::Duration;

use url::Url;

use super::words::{Origins, Words};
use super::{InputError, lint};
use crate::facts::Stage;
use crate::road::Road;

/// More is a mistake in the unit.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(1);

/// Selectors that are asked for at a time; a domain with more than ten senders is rare.
const MOST_SELECTORS: usize = 10;

/// Names of DKIM selectors, with commas between them (RFC 6376 section 3.1: labels of a domain name).
pub(super) fn selectors(origins: &Origins, list: &str) -> Result<Vec<String>, InputError> {
    let place = origins.of("selector");
    let names: Vec<String> = list.split(',').map(|name| name.trim().to_lowercase()).collect();
    if let Some(bad) = names.iter().find(|name| !name.is_ascii() || !lint::is_domain(&format!("{name}._domainkey"))) {
        let words = format!("is {}; it takes the name that stands before ._domainkey", lint::shown(bad));
        return Err(InputError::new(place, words));
    }
    if names.len() > MOST_SELECTORS {
        return Err(InputError::new(place, format!("names {} selectors; {MOST_SELECTORS} at a time", names.len())));
    }
    Ok(names)
}

pub(super) fn roads(words: &Words, origins: &Origins, with_login: bool) -> Result<(Vec<Road>, bool), InputError> {
    let Some(text) = &words.roads else {
        let roads = if with_login { Road::TO_MAILBOX.to_vec() } else { vec![Road::Smtp] };
        return Ok((roads, false));
    };
    if text == "all" {
        return Ok((if with_login { Road::WITH_TOKEN.to_vec() } else { Road::ALL.to_vec() }, true));
    }
    let mut roads: Vec<Road> = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let road = road(&origins.of("roads"), word)?;
        if !roads.contains(&road) {
            roads.push(road);
        }
    }
    if roads.is_empty() {
        return Err(InputError::new(origins.of("roads"), "names no road"));
    }
    roads.retain(|road| !(with_login && road.is_port_25()));
    if roads.is_empty() {
        return Err(InputError::new(origins.of("roads"), "names only roads of port 25, where nobody logs in"));
    }
    Ok((roads, true))
}

pub(super) fn via(words: &Words, origins: &Origins, roads: &[Road]) -> Result<Road, InputError> {
    let Some(word) = &words.via else { return Ok(roads[0]) };
    road(&origins.of("via"), word)
}

fn road(place: &str, word: &str) -> Result<Road, InputError> {
    word.parse()
        .map_err(|e: String| InputError::new(place, format!("names {}, which is no road: {e}", lint::shown(word))))
}

pub(super) fn stop(origins: &Origins, word: &str) -> Result<Stage, InputError> {
    let known = Stage::STOPS.iter().find(|(name, _)| *name == word).map(|(_, stage)| *stage);
    known.ok_or_else(|| {
        InputError::new(origins.of("stop_after"), format!("is {}, which is no stage", lint::shown(word)))
    })
}

pub(super) fn helo(origins: &Origins, name: &str) -> Result<String, InputError> {
    let sound = !name.is_empty() && name.len() <= 255 && name.chars().all(|c| c.is_ascii_graphic());
    sound.then(|| name.to_owned()).ok_or_else(|| InputError::new(origins.of("helo"), "is no host name"))
}

pub(super) fn timeout(origins: &Origins, text: &str) -> Result<Duration, InputError> {
    duration(text).filter(|t| !t.is_zero() && *t <= LONGEST_TIMEOUT).ok_or_else(|| {
        InputError::new(
            origins.of("timeout"),
            format!("is {}; it takes a time such as 30s, 2m or 500ms", lint::shown(text)),
        )
    })
}

/// Reads `30`, `30s`, `2m`, `500ms`. A bare number is seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..split].parse().ok()?;
    match &text[split..] {
        "" | "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

pub(super) fn proxy(origins: &Origins, text: &str) -> Result<Url, InputError> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.host_str().is_some());
    url.ok_or_else(|| {
        InputError::new(origins.of("proxy"), "is no proxy; it takes http://HOST:PORT or socks5://HOST:PORT")
    })
}
