//! The choice of the road: five questions, what they mean, and what ends when.

use super::ask::End;
use super::document::Block;
use super::needs::{self, Advice, Fit, Needs};
use super::walk::Walk;
use crate::report::Word;
use crate::road::Road;
use crate::setup::InputError;

/// Which road to take.
pub(super) async fn road(walk: &mut Walk) -> Result<(), End> {
    if walk.ground.known("roads").is_some() {
        return Ok(());
    }
    let needs = needs_of(walk).await?;
    let advice = needs::advise(needs);
    show_advice(walk, &advice);
    let open: Vec<&Advice> = advice.iter().filter(|advice| advice.fit != Fit::Closed).collect();
    let named = |advice: &Advice| advice.roads.iter().map(Road::to_string).collect::<Vec<_>>().join(",");
    let chosen = match open.as_slice() {
        [] => return Err(InputError::new("--roads", "is missing, and no road fits these answers").into()),
        [first, ..] if !walk.asker.terminal => named(first),
        several => {
            let items =
                several.iter().map(|advice| format!("{}: {}", named(advice), advice.roads[0].label())).collect();
            let at = walk.asker.choose("--roads", "Road to take", items).await?;
            named(several[at])
        }
    };
    walk.line(Word::Pass, "Road", &chosen);
    walk.ground.take("roads", &chosen);
    Ok(walk.save()?)
}

async fn needs_of(walk: &mut Walk) -> Result<Needs, End> {
    let asker = walk.asker;
    let wishes = walk.wishes.clone();
    let answered = |given: Option<bool>, flag: &'static str, why: &'static str, question: &'static str| {
        if given.is_none() && asker.terminal {
            walk.say(&[Block::text(why)]);
        }
        async move {
            match given {
                Some(given) => Ok(given),
                None => asker.yes(flag, question, flag == "--outside").await,
            }
        }
    };
    let inside = "Some roads reach the own organization alone.";
    let outside = answered(wishes.outside, "--outside", inside, "Does it send to outside?").await?;
    let reads = answered(wishes.reads, "--reads", "Reading is another right.", "Does it also read mail?").await?;
    let old = "A printer, or software that knows only a password, can get no token.";
    let device = answered(wishes.device, "--device", old, "Is it a device or program without OAuth?").await?;
    let known = "A connector can know a host by its public address.";
    let fixed = answered(wishes.fixed_address, "--fixed-address", known, "Has it a fixed public address?").await?;
    let volume = match wishes.volume {
        Some(volume) => volume,
        None => loop {
            walk.say(&[Block::text("A mailbox sends to 10,000 recipients in 24 hours at most.")]);
            let typed = asker.text("--volume", "Recipients a day, at most", Some("100".to_owned())).await?;
            if let Ok(volume) = typed.parse() {
                break volume;
            }
        },
    };
    Ok(Needs { outside, reads, device, fixed_address: fixed, volume })
}

fn show_advice(walk: &Walk, advice: &[Advice]) {
    (walk.screen.print)("\n");
    for one in advice {
        let mark = match one.fit {
            Fit::Good => Word::Pass,
            Fit::Possible => Word::Warn,
            Fit::Closed => Word::Fail,
        };
        let roads: Vec<String> = one.roads.iter().map(Road::to_string).collect();
        walk.line(mark, &roads.join(","), one.roads[0].label());
        // What closes a road is its first reason; the others do not matter then.
        let shown = if one.fit == Fit::Closed { 1 } else { one.reasons.len() };
        let mut blocks: Vec<Block> = one.reasons.iter().take(shown).map(|reason| Block::text(reason)).collect();
        if one.fit != Fit::Closed {
            blocks.push(Block::Text(format!("Rights: {}", one.rights)));
        }
        walk.say(&blocks);
    }
    (walk.screen.print)("\n  What ends, and when (as of 2026-11-27):\n");
    for (date, words, _) in needs::CALENDAR {
        walk.say(&[Block::Text(format!("- {date}: {words}"))]);
    }
    (walk.screen.print)("\n");
}
