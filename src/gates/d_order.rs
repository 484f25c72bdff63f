//! Times of the PROV bundle: each can be read, and together they can be.

use crate::dataset::layout::PROV;
use crate::domain::Reason;

use super::codes;
use super::events::{Event, Order, instant};
use super::known::Known;
use super::lineage::{Lineage, prov};

pub(super) fn check(known: &Known<'_>, lineage: &Lineage, reasons: &mut Vec<Reason>) {
    unreadable(known, lineage, reasons);
    let order = Order::new(lineage);
    let mut say = |code: &codes::Code, event: &Event<'_>, message: String| {
        let pointer = lineage.graph.pointer_of(&[event.subject()]);
        reasons.push(code.because(message).at(PROV, pointer));
    };
    for (event, times) in order.times() {
        if let (Some(first), Some(last)) = (times.first(), times.last())
            && first != last
        {
            let message = format!("{} at {first} and at {last}.", event.shown(known));
            say(&codes::PROV_TIME_ORDER, event, message);
        }
    }
    for ((before, late), (event, early)) in order.contradictions() {
        let message = format!(
            "{} at {early}, but {} at {late}, which cannot be later.",
            event.shown(known),
            before.shown(known)
        );
        say(&codes::PROV_TIME_ORDER, event, message);
    }
    // What came of itself has a reason of its own.
    if lineage.cycles().is_empty()
        && let Some(event) = order.before_itself()
    {
        let message = format!("By what the bundle says, {} before itself.", event.shown(known));
        say(&codes::PROV_CYCLE, event, message);
    }
}

const TIMES: [&str; 5] =
    ["startedAtTime", "endedAtTime", "generatedAtTime", "invalidatedAtTime", "atTime"];

fn unreadable(known: &Known<'_>, lineage: &Lineage, reasons: &mut Vec<Reason>) {
    for name in TIMES {
        for (node, term) in lineage.graph.pairs(&prov(name)) {
            if instant(term).is_some() {
                continue;
            }
            let (node, pointer) = (known.show(node), lineage.graph.pointer_of(&[node]));
            let message =
                format!("prov:{name} of {node} is {}, which is no xsd:dateTime.", known.show(term));
            reasons.push(codes::PROV_TIME_INVALID.because(message).at(PROV, pointer));
        }
    }
}
