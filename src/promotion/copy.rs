//! The objects of a publication: each is hashed on its way, and appears whole or not at all.

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use super::documents::Places;
use super::publish::{MAX_DOCUMENT, Observer, PublishError, Step};
use super::{ApprovedPlan, PlannedFile};
use crate::dataset::layout::SPEC;
use crate::domain::{canonical_bytes, parse_i_json};
use crate::objects::{Fence, Store, StoreError};

/// Objects copied at once.
const PARALLEL: usize = 8;

/// Step 2; tells how many bytes had to be written.
pub(super) async fn copy_all(
    approved: &ApprovedPlan,
    source: &Store,
    destination: &Store,
    fence: &Fence,
    observer: &dyn Observer,
) -> Result<u64, PublishError> {
    let plan = approved.plan();
    let places = Places::of(plan.dataset());
    let mut files = plan.files().iter();
    let mut written = 0;
    if let Some(first) = files.next() {
        written += copy(source, destination, &places, fence, first.clone()).await?;
    }
    observer.reached(Step::FirstObject).await;
    let copies = files.cloned().map(|file| copy(source, destination, &places, fence, file));
    stream::iter(copies)
        .buffer_unordered(PARALLEL)
        .try_fold(written, async |sum, bytes| Ok(sum + bytes))
        .await
}

/// Copies one file and tells how many bytes had to be written.
async fn copy(
    source: &Store,
    destination: &Store,
    places: &Places,
    fence: &Fence,
    file: PlannedFile,
) -> Result<u64, PublishError> {
    let target = places.file(&file.path);
    if destination.digest(&target).await? == Some(file.digest) {
        return Ok(0);
    }
    let is_spec = file.path == SPEC;
    let inside = match is_spec {
        true => None,
        false => destination.copy_from(source, &file.path, &target, file.digest, file.size).await?,
    };
    let found = match inside {
        Some(found) => found,
        None => {
            let content = match is_spec {
                true => canonical_spec(source).await?,
                false => source.stream(&file.path).await?,
            };
            destination.write(&target, content, file.digest, file.size, fence).await?
        }
    };
    if found != file.digest {
        let path = file.path;
        return Err(PublishError::SourceChanged { path, planned: file.digest, found });
    }
    Ok(file.size)
}

/// The spec in its canonical form, whose digest is the spec hash: the one file that is published in
/// another form than it lies in the workspace.
async fn canonical_spec(
    source: &Store,
) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, PublishError> {
    let gone = || PublishError::Malformed { path: SPEC.to_owned(), why: "it is gone".to_owned() };
    let bytes = source.get(SPEC, MAX_DOCUMENT).await?.ok_or_else(gone)?;
    let canonical = canonical_bytes(&parse_i_json(&bytes)?)?;
    Ok(stream::iter([Ok(canonical.into())]).boxed())
}
