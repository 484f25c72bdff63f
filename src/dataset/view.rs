//! What other rooms ask of [`Facts`].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::{DatasetRef, Digest, IdError, PolicyLabel, SpecHash};

use super::{Document, Facts, Names, Rules, layout, rights};

impl Facts {
    /// What a policy pack's Rego sees as `input`. Documents stand as their content, or as null if
    /// they are missing or unreadable; `invalid` says why, by path.
    pub fn policy_input(&self) -> Value {
        let invalid: Map<String, Value> = self
            .documents()
            .filter_map(|d| Some((d.path.clone(), Value::from(d.invalid()?))))
            .collect();
        json!({
            "requested": {
                "dataset_slug": self.requested.dataset_slug,
                "dataset_version_id": self.requested.dataset_version_id,
                "intended_use": self.requested.intended_use,
            },
            "spec": content(&self.spec),
            "spec_hash": self.spec_hash().map(|hash| hash.to_string()),
            "dataset": content(&self.dataset),
            "license": rights::license(self.license()),
            "objects": self.objects.iter().map(|(path, object)| {
                let mut seen = json!({
                    "digest": object.digest.to_string(),
                    "size": object.size,
                    "media_type": object.media_type,
                });
                if let Some(form) = object.form {
                    seen["form"] = json!(form);
                }
                (path.clone(), seen)
            }).collect::<Map<_, _>>(),
            "catalogs": {
                "dcat": content(&self.dcat),
                "stac": contents(&self.stac),
                "prov": content(&self.prov),
            },
            "receipts": contents(&self.receipts),
            "work": contents(&self.work),
            "contracts": contents(&self.contracts),
            "content": self.content.iter().map(|(path, content)| (path.clone(), json!({
                "records": content.records,
                "unreadable": content.unreadable,
                "too_fine": content.too_fine.count,
                "dropped": content.dropped.count,
            }))).collect::<Map<_, _>>(),
            "attestations": contents(&self.attestations),
            "published": self.published.as_ref().map(|published| json!({
                "spec_hash": published.spec_hash,
                "files": published.files.iter()
                    .map(|(path, digest)| (path.clone(), Value::from(digest.to_string())))
                    .collect::<Map<_, _>>(),
            })),
            "invalid": invalid,
        })
    }

    /// Every document, whatever became of reading it.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        [&self.spec, &self.dataset, &self.dcat, &self.prov].into_iter().chain(
            [&self.stac, &self.receipts, &self.work, &self.contracts, &self.attestations]
                .into_iter()
                .flat_map(BTreeMap::values),
        )
    }

    /// The hash of `spec.json`'s canonical form, if it can be read.
    pub fn spec_hash(&self) -> Option<SpecHash> {
        self.spec.value().and_then(|spec| SpecHash::of(spec).ok())
    }

    /// The digest under which a path would be published: of its bytes, but of the spec its
    /// canonical form, which is what is published of it, so that neither the order of its members
    /// nor its white space makes another publication.
    pub fn published_digest(&self, path: &str) -> Option<Digest> {
        match path {
            layout::SPEC => self.spec_hash().map(|hash| hash.0),
            _ => self.objects.get(path).map(|object| object.digest),
        }
    }

    /// The dataset's label, if there is one and it is known.
    pub fn policy_label(&self) -> Option<PolicyLabel> {
        layout::policy_label(self.dataset.value()?)
    }

    /// The licence expression of `dataset.json`.
    fn license(&self) -> Option<&str> {
        self.dataset.value()?.get("rights")?.get("license")?.as_str()
    }

    /// What the redaction plan demands of the published bytes; none if it cannot be read or names
    /// nothing that can be checked.
    pub(crate) fn content_rules(&self) -> Option<Rules> {
        let dataset = self.dataset.value()?;
        let plan = self.work.get(&layout::redaction_plan(dataset)?)?.value()?;
        Rules::of_plan(layout::policy_label(dataset), plan)
    }

    /// The principal of the contact whose role is `steward`; the first, if there are several.
    pub fn steward(&self) -> Option<&str> {
        let contacts = self.dataset.value()?.get("contacts")?.as_array()?;
        let steward = contacts.iter().find(|contact| contact["role"] == "steward")?;
        steward.get("principal")?.as_str()
    }

    /// The dataset version that was asked for.
    ///
    /// # Errors
    /// If the slug or the version id breaks its pattern.
    pub fn dataset_ref(&self) -> Result<DatasetRef, IdError> {
        Ok(DatasetRef {
            slug: self.requested.dataset_slug.parse()?,
            version: self.requested.dataset_version_id.parse()?,
        })
    }

    /// How things of this dataset version are named.
    pub fn names(&self) -> Names {
        let names = Names::new(&self.requested);
        let own = |name: &str| self.dataset.value()?.get(name)?.as_str();
        match (own("dataset_slug"), own("dataset_version_id")) {
            (Some(slug), Some(version)) => names.of_workspace(slug, version),
            _ => names,
        }
    }

    /// Whether an id is that of the version asked for, or of the one that the workspace calls
    /// itself: that these two are the same is for gate A to say, once.
    pub(crate) fn is_this_version(&self, id: &str) -> bool {
        let own = self.dataset.value().and_then(|d| d.get("dataset_version_id"));
        id == self.requested.dataset_version_id || own.is_some_and(|own| own == id)
    }

    /// The paths of the objects under a prefix, in order.
    pub(crate) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.objects.keys().map(String::as_str).filter(move |path| path.starts_with(prefix))
    }
}

fn content(document: &Document) -> Value {
    document.value().cloned().unwrap_or(Value::Null)
}

fn contents(documents: &BTreeMap<String, Document>) -> Value {
    Value::Object(documents.iter().map(|(path, d)| (path.clone(), content(d))).collect())
}

#[cfg(test)]
mod tests {
    use crate::dataset::testing;

    #[test]
    fn what_a_pack_sees() {
        let mut workspace = testing::workspace();
        workspace.put("receipts/broken.json", "{");
        let facts = workspace.facts();
        let input = facts.policy_input();
        assert_eq!(input["requested"]["intended_use"], "research");
        assert_eq!(input["dataset"]["rights"]["license"], "CC-BY-4.0");
        assert!(input["receipts"]["receipts/broken.json"].is_null());
        assert!(input["invalid"]["receipts/broken.json"].as_str().unwrap().contains("line 1"));
        assert_eq!(input["objects"]["processed/stations.csv"]["media_type"], "text/csv");
        assert_eq!(input["objects"]["processed/stations.csv"]["form"], "text");
        assert_eq!(input["objects"]["dataset.json"].get("form"), None, "documents are parsed");
        assert!(input["published"].is_null());
        assert_eq!(facts.steward(), Some("principal:jane"));
        assert_eq!(facts.dataset_ref().unwrap().slug.as_str(), "harbour-stations");
        assert_eq!(input["spec_hash"], facts.spec_hash().unwrap().to_string());
    }
}
