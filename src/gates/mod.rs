//! The seven promotion gates: facts and a pack's verdict in, a report out. Pure: no clock, no I/O.
//!
//! Each gate is one function from what is known to the reasons against it. A policy pack can only
//! add reasons. Every code is in [`codes`], from which `docs/reasons.md` is written.

mod a_identity;
mod b_licence;
mod b_obligations;
mod b_rights;
mod c_content;
mod c_sensitivity;
mod circles;
pub mod codes;
mod contexts;
mod d_catalogs;
mod d_constraints;
mod d_dcat;
mod d_media;
mod d_order;
mod d_prov;
mod d_shapes;
mod d_stac;
mod d_stac_space;
pub mod draft;
mod e_lineage;
mod e_provenance;
mod e_receipts;
mod e_slsa;
mod events;
mod f_api;
mod f_evidence;
mod f_policy;
mod g_bom_refs;
mod g_provenance;
mod g_sbom;
mod g_signed;
mod g_smoke;
mod g_spdx;
mod g_spdx_forms;
mod known;
mod lineage;
mod mend;
mod mend_names;
mod multihash;
mod places;
mod prov_json;
mod prov_relations;
mod rdf;
mod receipt;
mod shacl;
pub mod single;
#[cfg(test)]
mod tests;
mod trace;
mod xsd;

use crate::dataset::Facts;
use crate::domain::{GateId, GateReport, Reason, Report};
use crate::policy::Verdict;

use g_signed::BuiltIn;
use known::Known;
pub use mend::{Mend, Mends, mendable};
pub use trace::{Gap, Trace, TracedFile, TracedRun, trace};

/// Judges a dataset version. Gates A to F are always required; G counts if `required` names it or
/// if there is something under `attestations/` to check.
pub fn judge(
    facts: &Facts,
    verdict: &Verdict,
    required: &[GateId],
    now: jiff::Timestamp,
) -> Report {
    let known = Known::new(facts);
    let gates = GateId::ALL.into_iter().map(|id| {
        let built_in = match id {
            GateId::A => Some(a_identity::check(facts)),
            GateId::B => Some(b_rights::check(&known, &verdict.obligations)),
            GateId::C => Some(c_sensitivity::check(&known)),
            GateId::D => Some(d_catalogs::check(&known, &verdict.data)),
            GateId::E => Some(e_receipts::check(facts, now)),
            GateId::F => Some(f_policy::check(&known, verdict)),
            GateId::G => {
                let required = required.contains(&GateId::G);
                g_provenance::check(facts, required, &verdict.data, &BuiltIn)
            }
        };
        report(id, built_in, verdict.denials.get(&id))
    });
    Report { gates: gates.collect() }
}

fn report(id: GateId, built_in: Option<Vec<Reason>>, pack: Option<&Vec<Reason>>) -> GateReport {
    let pack = pack.map(Vec::as_slice).unwrap_or_default();
    match built_in {
        None if pack.is_empty() => GateReport::not_required(id),
        built_in => {
            let mut reasons = built_in.unwrap_or_default();
            reasons.extend_from_slice(pack);
            GateReport::from_reasons(id, reasons)
        }
    }
}
