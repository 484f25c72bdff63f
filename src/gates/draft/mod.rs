//! First DCAT, STAC and PROV records of what is known: dataset.json, the receipts, the processed
//! files. What a person wrote stays; only what is missing is added.

mod dcat;
mod fill;
mod prov;
mod stac;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::dataset::layout::{DATASET, DCAT, PROCESSED, PROV, STAC_COLLECTION};
use crate::dataset::{Extent, Facts};

use super::b_licence::is_placeholder;
use super::e_receipts;
use super::mend::{self, Mend, Mends};
use super::receipt::Receipt;

/// What the documents of a workspace do not say of themselves.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Where the processed files lie, as far as their bytes tell, or somebody.
    pub extent: Option<Extent>,
    /// From when to when the data speaks, in RFC 3339; somebody's word.
    pub interval: Option<(String, String)>,
}

/// What [`complete`] looks at.
struct Source<'a> {
    facts: &'a Facts,
    known: &'a Known,
    dataset: &'a Value,
    /// Of the runs whose outputs nobody made yet, as far as the PROV bundle goes.
    receipts: Vec<Receipt>,
    /// Paths whose bytes a receipt vouches for.
    sound: BTreeSet<String>,
    create: bool,
}

impl<'a> Source<'a> {
    /// What a person said in dataset.json, if it says something.
    fn said(&self, pointer: &str) -> Option<&'a str> {
        self.dataset.pointer(pointer)?.as_str().filter(|text| !is_placeholder(text))
    }

    fn spatial(&self) -> bool {
        self.dataset["spatial"] == true
    }

    fn version(&self) -> &'a str {
        &self.facts.requested.dataset_version_id
    }

    fn processed(&self) -> impl Iterator<Item = &'a str> {
        let all = self.facts.objects.keys().map(String::as_str);
        // To say anything of other bytes is for whoever writes the record, not for a mend.
        all.filter(|path| {
            path.starts_with(PROCESSED) && (self.create || self.sound.contains(*path))
        })
    }
}

/// Adds what is missing, then sets right what bytes prove. With `create`, documents that are not there
/// are written as well. `texts` are the files of [`super::mendable`] as they lie there.
pub fn completed(
    facts: &Facts,
    known: &Known,
    texts: &BTreeMap<String, String>,
    create: bool,
) -> Mends {
    let added = complete(facts, known, texts, create);
    let mut texts = texts.clone();
    let mut revised = facts.clone();
    for mend in &added.files {
        revised = revised.revised(&mend.path, mend.text.as_bytes());
        texts.insert(mend.path.clone(), mend.text.clone());
    }
    let proven = mend::mends(&revised, &texts);
    joined(added, proven)
}

/// The catalogs as they should be: those that lie there with what they lack, and with `create` also
/// those that are not there.
fn complete(facts: &Facts, known: &Known, texts: &BTreeMap<String, String>, create: bool) -> Mends {
    let mut all = Mends::default();
    let Some(dataset) = facts.dataset.value() else {
        all.left.push(format!("{DATASET} cannot be read, so that nothing can be said of the data"));
        return all;
    };
    let vouched = mend::Vouched::new(facts);
    let receipts = prov::unrecorded(facts, e_receipts::read(facts, &mut Vec::new()));
    let source = Source { facts, known, dataset, receipts, sound: vouched.sound, create };
    let there = facts.objects.contains_key(PROV);
    if source.receipts.is_empty() && !there && create {
        all.left.push(format!("{PROV}: without a receipt there is no run to record"));
    }
    let mut wanted = vec![(DCAT.to_owned(), dcat::record(&source))];
    if there || !source.receipts.is_empty() {
        wanted.push((PROV.to_owned(), prov::bundle(&source)));
    }
    // The links of a collection that is there are mended; the rest of it is a person's.
    if source.spatial() && create {
        wanted.extend(stac::documents(&source, &mut all.left));
    }
    for (path, document) in wanted {
        let Some(text) = texts.get(&path) else {
            if create && !facts.objects.contains_key(&path) {
                let steps = vec!["write it".to_owned()];
                all.files.push(Mend { path, steps, text: fill::rendered(&document) });
            }
            continue;
        };
        match fill::filled(facts, &path, text, &document) {
            Err(why) => all.left.push(format!("{path} {why}")),
            Ok(None) => {}
            Ok(Some(_)) if vouched.named.contains(&path) => {
                all.left.push(format!("{path} is named in a receipt, which would no longer fit"));
            }
            Ok(Some((text, steps))) => all.files.push(Mend { path, steps, text }),
        }
    }
    all
}

/// The files that `first` leaves, mended by `then`: one mend for each.
fn joined(first: Mends, then: Mends) -> Mends {
    let mut files: BTreeMap<String, Mend> =
        first.files.into_iter().map(|mend| (mend.path.clone(), mend)).collect();
    for mend in then.files {
        match files.get_mut(&mend.path) {
            Some(earlier) => {
                earlier.text = mend.text;
                earlier.steps.extend(mend.steps);
            }
            None => drop(files.insert(mend.path.clone(), mend)),
        }
    }
    let mut left = first.left;
    left.extend(then.left.into_iter().filter(|line| !left.contains(line)).collect::<Vec<_>>());
    Mends { files: files.into_values().collect(), left }
}

fn reference(iri: impl Into<String>) -> Value {
    json!({ "@id": iri.into() })
}

/// A link from the STAC collection.
fn link(rel: &str, from: &str, to: &str, media_type: &str) -> Value {
    json!({ "rel": rel, "href": super::mend_names::relative(from, to), "type": media_type })
}

/// How `to` is named from `from`, as JSON-LD documents do: without `./`.
fn named(from: &str, to: &str) -> String {
    let name = super::mend_names::relative(from, to);
    name.strip_prefix("./").map_or(name.clone(), str::to_owned)
}

/// Whether the workspace will have a STAC collection.
fn has_collection(source: &Source<'_>) -> bool {
    source.facts.objects.contains_key(STAC_COLLECTION)
        || (source.spatial() && source.known.extent.is_some())
}
