//! `lazaret crd`.

use std::process::ExitCode;

use super::args::Crd;
use super::exit::Failure;
use crate::api::{CRD_FILES, crd_yaml};

pub(super) fn crd(arguments: &Crd) -> Result<ExitCode, Failure> {
    for (file, crd) in CRD_FILES {
        let yaml = crd_yaml(&crd()).map_err(|error| Failure::undecided(error.to_string()))?;
        match &arguments.out {
            None => say!("---\n{yaml}"),
            Some(dir) => {
                let path = dir.join(file);
                std::fs::write(&path, yaml)
                    .map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
