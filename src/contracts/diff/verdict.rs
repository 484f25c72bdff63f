//! Whether whatever one schema accepts another one accepts: proven, refuted by an instance, or open.

use serde_json::Value;

use super::super::change::Witness;
use super::super::violation::{Violation, collect};
use super::prove::Prover;
use super::samples::Sampler;
use super::universe::Universe;

/// What is known of one direction.
pub(super) enum Verdict {
    Proven,
    Refuted(Box<Witness>),
    Open,
}

/// That whatever one schema accepts another one accepts.
pub(super) struct Claim<'c> {
    pub sub: &'c str,
    pub sup: &'c str,
    /// The new schema, if it is another one than these.
    pub real: Option<String>,
    pub accepted_by_old: bool,
}

/// Whether a claim holds. `fitted` makes of an instance one that may be shown; `really` tells whether the new
/// schema as it is agrees: what only an edit on the way to it refuses shows nothing.
pub(super) fn verdict(
    universe: &Universe,
    claim: &Claim<'_>,
    fitted: impl Fn(Value) -> Option<Value>,
    really: impl Fn(&Value) -> bool,
) -> Verdict {
    if universe.cut_off {
        return Verdict::Open;
    }
    let (s, t) = (universe.schema(claim.sub), universe.schema(claim.sup));
    if Prover::new(universe).subsumes(s, t) {
        return Verdict::Proven;
    }
    let (Some(accepts), Some(refuses)) = (universe.judge(claim.sub), universe.judge(claim.sup))
    else {
        return Verdict::Open;
    };
    let flips = |value: &Value| accepts.is_valid(value) && !refuses.is_valid(value);
    let shown = |found: Vec<Value>| {
        let found = found.into_iter().filter(flips).filter_map(&fitted);
        found.into_iter().find(|value| flips(value) && really(value))
    };
    let found = shown(Sampler::new(universe).sample(s, t)).or_else(|| {
        let real = universe.schema(claim.real.as_ref()?);
        let sampler = Sampler::new(universe);
        shown(match claim.accepted_by_old {
            true => sampler.sample_all(&[s], &[t, real]),
            false => sampler.sample_all(&[s, real], &[t]),
        })
    });
    let Some(instance) = found else { return Verdict::Open };
    let line = |violation: Violation| format!("{}: {}", violation.pointer, violation.message);
    let refused_because = collect(&refuses, &instance).into_iter().take(5).map(line).collect();
    Verdict::Refuted(Box::new(Witness {
        refused_because,
        instance,
        accepted_by_old: claim.accepted_by_old,
    }))
}
