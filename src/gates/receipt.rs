//! A run receipt as the gates look at it, whether it was written as `run_receipt` v1 or as in-toto
//! provenance: what is stated, and where in the file.

use serde_json::Value;

use crate::dataset::{Facts, normal};

/// Something that a receipt says, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stated {
    pub(super) text: String,
    pub(super) pointer: String,
}

/// One file that a receipt lists. Digest and name have places of their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Listed {
    pub(super) uri: Stated,
    pub(super) digest: Stated,
    /// Where the entry stands.
    pub(super) pointer: String,
}

/// What a run left behind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Receipt {
    pub(super) path: String,
    pub(super) run_id: Option<Stated>,
    pub(super) version: Option<Stated>,
    pub(super) container: Option<Stated>,
    pub(super) params: Option<Stated>,
    pub(super) validation: Option<Stated>,
    pub(super) qa_digest: Option<Stated>,
    pub(super) created: Option<Stated>,
    pub(super) inputs: Vec<Listed>,
    pub(super) outputs: Vec<Listed>,
    /// What provenance names that is no object of the workspace: sources, builders, images.
    pub(super) external: Vec<String>,
}

/// A file of a run that lies in the workspace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Held {
    pub(super) path: String,
    /// The digest that the receipt states.
    pub(super) digest: String,
    pub(super) pointer: String,
}

/// One run: its receipt and those of its files that lie in the workspace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Run {
    pub(super) receipt: String,
    pub(super) inputs: Vec<Held>,
    pub(super) outputs: Vec<Held>,
}

impl Receipt {
    /// Reads a `run_receipt` v1, which its schema has found valid.
    pub(super) fn of_run(path: &str, value: &Value) -> Self {
        let stated = |pointer: &str| {
            let text = value.pointer(pointer)?.as_str()?.to_owned();
            Some(Stated { text, pointer: pointer.to_owned() })
        };
        let listed = |side: &str| {
            let entries = value[side].as_array().into_iter().flatten().enumerate();
            let entry = |(index, _)| {
                let pointer = format!("/{side}/{index}");
                let uri = stated(&format!("{pointer}/uri"))?;
                let digest = stated(&format!("{pointer}/digest"))?;
                Some(Listed { uri, digest, pointer })
            };
            entries.filter_map(entry).collect()
        };
        Self {
            path: path.to_owned(),
            run_id: stated("/run_id"),
            version: stated("/dataset_version_id"),
            container: stated("/environment/container_digest"),
            params: stated("/environment/params_digest"),
            validation: stated("/validation/status"),
            qa_digest: stated("/validation/report_digest"),
            created: stated("/created_at"),
            inputs: listed("inputs"),
            outputs: listed("outputs"),
            external: Vec::new(),
        }
    }

    /// The run, as far as its files lie in the workspace.
    pub(super) fn run(&self, facts: &Facts) -> Run {
        let held = |files: &[Listed]| {
            let one = |file: &Listed| {
                let path = locate(facts, &file.uri.text)?;
                let (digest, pointer) = (file.digest.text.clone(), file.pointer.clone());
                Some(Held { path, digest, pointer })
            };
            files.iter().filter_map(one).collect()
        };
        let (inputs, outputs) = (held(&self.inputs), held(&self.outputs));
        Run { receipt: self.path.clone(), inputs, outputs }
    }
}

/// The object that a receipt's name stands for. A name that goes up and down again stands for none:
/// it would read differently from another place.
pub(super) fn locate(facts: &Facts, uri: &str) -> Option<String> {
    let path = match uri.starts_with("kfm://") {
        true => facts.names().path(uri)?,
        false => {
            let plain = !uri.split('/').any(|part| part == "..") && !uri.starts_with('/');
            normal(uri).filter(|_| plain)?
        }
    };
    facts.objects.contains_key(&path).then_some(path)
}
