//! The example workspaces and the variants that break them, laid out in a folder.

use std::path::Path;

use anyhow::{Context as _, Result};
use lazaret::objects::Store;
use serde_json::Value;

use crate::root;

/// A workspace to promote, and what should come of it.
#[derive(Clone, Debug)]
pub struct Example {
    /// `seattle-weather`, or a variant's name.
    pub name: String,
    /// The dataset's slug, as it is asked for.
    pub slug: String,
    /// The version's id, as it is asked for.
    pub version: String,
    /// What the data is to be used for.
    pub intended_use: String,
    /// Whether gate G is required.
    pub require_g: bool,
    /// The gate and code that should deny it; none if it should pass.
    pub denied_by: Option<(String, String)>,
    base: String,
    removed: Vec<String>,
    renamed: bool,
}

impl Example {
    /// The example that is whole.
    ///
    /// # Errors
    /// If there is no such example.
    pub fn whole(name: &str) -> Result<Self> {
        let requests = json(&root().join("examples/requests.json"))?;
        let text = |key: &str| -> Result<String> {
            let value = requests[name][key].as_str();
            Ok(value.with_context(|| format!("examples/requests.json: {name}.{key}"))?.to_owned())
        };
        Ok(Self {
            name: name.to_owned(),
            slug: text("dataset_slug")?,
            version: text("dataset_version_id")?,
            intended_use: text("intended_use")?,
            require_g: false,
            denied_by: None,
            base: name.to_owned(),
            removed: Vec::new(),
            renamed: false,
        })
    }

    /// A variant that breaks one thing.
    ///
    /// # Errors
    /// If there is no such variant.
    pub fn variant(name: &str) -> Result<Self> {
        let about = json(&root().join("examples/variants").join(name).join("variant.json"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut example = Self::whole(&text(&about["base"]))?;
        example.name = name.to_owned();
        example.denied_by = Some((text(&about["gate"]), text(&about["code"])));
        let removed = about["remove"].as_array().into_iter().flatten();
        example.removed = removed.map(text).collect();
        let request = &about["request"];
        for (field, key) in [
            (&mut example.slug, "dataset_slug"),
            (&mut example.version, "dataset_version_id"),
            (&mut example.intended_use, "intended_use"),
        ] {
            if let Some(value) = request[key].as_str() {
                value.clone_into(field);
            }
        }
        example.require_g = request["required_gates"].as_array().is_some_and(|g| !g.is_empty());
        Ok(example)
    }

    /// Every variant, sorted by name.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn variants() -> Result<Vec<Self>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(root().join("examples/variants"))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        names.iter().map(|name| Self::variant(name)).collect()
    }

    /// The same data under another slug: another dataset, as whole as the first.
    #[must_use]
    pub fn renamed(mut self, slug: &str) -> Self {
        slug.clone_into(&mut self.slug);
        self.renamed = true;
        self
    }

    /// Lays the workspace out in `dir`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn lay_out(&self, dir: &Path) -> Result<()> {
        copy(&root().join("examples").join(&self.base), dir)?;
        let overlay = root().join("examples/variants").join(&self.name).join("files");
        if overlay.exists() {
            copy(&overlay, dir)?;
        }
        for path in &self.removed {
            std::fs::remove_file(dir.join(path)).with_context(|| path.clone())?;
        }
        if self.renamed {
            for part in ["dataset.json", "catalog", "receipts"] {
                rename(&dir.join(part), &self.base, &self.slug)?;
            }
        }
        Ok(())
    }
}

/// Brings every file below `dir` to `prefix` in a store.
///
/// # Errors
/// If one cannot be read or written.
pub async fn upload(store: &Store, dir: &Path, prefix: &str) -> Result<()> {
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = format!("{prefix}/{}", path.strip_prefix(dir)?.to_string_lossy());
            store.create(&name, std::fs::read(&path)?).await?;
        }
    }
    Ok(())
}

/// Writes `new` for `old` wherever documents name the dataset.
fn rename(path: &Path, old: &str, new: &str) -> Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            rename(&entry?.path(), old, new)?;
        }
        return Ok(());
    }
    let text = std::fs::read_to_string(path)?;
    let text = text
        .replace(&format!("dataset/{old}/"), &format!("dataset/{new}/"))
        .replace(&format!("\"dataset_slug\": \"{old}\""), &format!("\"dataset_slug\": \"{new}\""));
    Ok(std::fs::write(path, text)?)
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn json(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_slice(&bytes)?)
}
