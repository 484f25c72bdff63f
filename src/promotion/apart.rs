//! Workspace, destination and records must not lie in one another.

use crate::objects::Store;

/// Two places of a promotion that lie in one another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotApart {
    /// Publishing would change the workspace, or readers would see what is not published.
    #[error(
        "source and destination lie in one another: publishing would change the workspace, or its readers would see what is not published. Give a destination beside it"
    )]
    Workspace,
    /// Recording a decision would change the workspace.
    #[error("decisions lie in the workspace, or it in them; give them a place of their own")]
    RecordsInWorkspace,
    /// Readers of the data could read the records.
    #[error(
        "decisions lie in the destination, or it in them, where readers of the data could see them; give them a place of their own"
    )]
    RecordsInDestination,
}

/// Whether the places of a promotion are apart.
///
/// # Errors
/// Which are not.
pub fn apart(
    source: &Store,
    destination: &Store,
    decisions: Option<&Store>,
) -> Result<(), NotApart> {
    if source.overlaps(destination) {
        return Err(NotApart::Workspace);
    }
    match decisions {
        Some(decisions) if decisions.overlaps(source) => Err(NotApart::RecordsInWorkspace),
        Some(decisions) if decisions.overlaps(destination) => Err(NotApart::RecordsInDestination),
        _ => Ok(()),
    }
}
