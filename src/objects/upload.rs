//! Large objects into a remote store: in parts, under a bound of memory, and visible in one
//! conditional act after the digest was checked.

use std::sync::LazyLock;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, WriteMultipart};
use tokio::sync::Semaphore;

use super::remote::{Large, OWN, Remote};
use super::{Created, StoreError};
use crate::domain::{Digest, DigestWriter};

const MIB: u64 = 1 << 20;

/// Up to here an object is sent in one request, and held in memory for it.
const SINGLE: u64 = 8 * MIB;

/// Stores take 10,000 parts; Azure 50,000 blocks.
const PARTS: u64 = 9_000;

/// Parts on their way at once, beside the one that is filled.
const IN_FLIGHT: usize = 2;

/// The largest object that S3 copies in one request.
const MAX_COPY: u64 = 5 << 30;

/// Memory for the parts of all uploads of the process, in MiB.
const BUDGET: u32 = 256;

static MEMORY: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(BUDGET as usize));

impl Remote {
    /// Writes an object of about `size` bytes from a stream unless one is there, and tells the
    /// digest of what was read. If it is not `expected`, nothing was written.
    pub(super) async fn write(
        &self,
        path: &str,
        mut content: BoxStream<'static, Result<Bytes, StoreError>>,
        expected: Digest,
        size: u64,
    ) -> Result<Digest, StoreError> {
        let _memory = memory(2 * SINGLE / MIB).await;
        let mut hash = DigestWriter::new();
        let mut head = Vec::new();
        while let Some(piece) = content.next().await {
            let piece = piece?;
            hash.update(&piece);
            head.extend_from_slice(&piece);
            if head.len() as u64 > SINGLE {
                drop(_memory);
                return self.write_large(path, head.into(), content, hash, expected, size).await;
            }
        }
        let digest = hash.finish();
        if digest == expected && self.create(path, head).await? == Created::Exists {
            self.expect(path, expected).await?;
        }
        Ok(digest)
    }

    async fn write_large(
        &self,
        path: &str,
        head: Bytes,
        mut content: BoxStream<'static, Result<Bytes, StoreError>>,
        mut hash: DigestWriter,
        expected: Digest,
        size: u64,
    ) -> Result<Digest, StoreError> {
        self.prove_large().await?;
        let part = part_size(size);
        let _memory = memory((IN_FLIGHT as u64 + 1) * part / MIB).await;
        let failed = |error| self.failed(path, &error);
        let target = self.full(path)?;
        let aside = match self.large {
            Large::Completion => None,
            Large::Copy => Some(self.aside()?),
        };
        let upload = self.base.put_multipart(aside.as_ref().unwrap_or(&target)).await;
        let chunk = usize::try_from(part).unwrap_or(usize::MAX);
        let mut writer = WriteMultipart::new_with_chunk_size(upload.map_err(failed)?, chunk);
        let read = async {
            writer.put(head);
            while let Some(piece) = content.next().await {
                let piece = piece?;
                hash.update(&piece);
                writer.wait_for_capacity(IN_FLIGHT).await.map_err(failed)?;
                writer.put(piece);
            }
            Ok(())
        };
        let digest = match read.await {
            Ok(()) => hash.finish(),
            Err(error) => {
                // What matters is the first error; an upload left behind is not an object.
                let _ = writer.abort().await;
                return Err(error);
            }
        };
        if digest != expected {
            let _ = writer.abort().await;
            return Ok(digest);
        }
        match (writer.finish().await, aside) {
            (Ok(_), None) => {}
            (Ok(_), Some(aside)) => self.unveil(&aside, path, expected).await?,
            // Refused because something is there; or done, and the answer was lost.
            (Err(error), None) => self.there(path, expected, &error).await?,
            (Err(error), Some(_)) => return Err(failed(error)),
        }
        Ok(digest)
    }

    /// Copies inside the bucket, and tells the digest of what was copied; nothing if `from` is
    /// elsewhere, or the object too small or too large for it. The copy is hashed under another
    /// name before it is seen.
    pub(super) async fn copy_from(
        &self,
        source: &Self,
        from: &str,
        to: &str,
        expected: Digest,
        size: u64,
    ) -> Result<Option<Digest>, StoreError> {
        if self.identity != source.identity || !(SINGLE..=MAX_COPY).contains(&size) {
            return Ok(None);
        }
        self.prove_large().await?;
        let aside = self.aside()?;
        let copied = self.base.copy(&source.full(from)?, &aside).await;
        copied.map_err(|error| source.failed(from, &error))?;
        let digest = self.digest_of(&aside, to).await?;
        if digest != Some(expected) {
            self.discard(&aside).await;
            return Ok(digest);
        }
        self.unveil(&aside, to, expected).await?;
        Ok(digest)
    }

    /// Makes what lies aside an object, unless there is one.
    async fn unveil(&self, aside: &Path, path: &str, expected: Digest) -> Result<(), StoreError> {
        let target = self.full(path)?;
        let outcome = match self.base.copy_if_not_exists(aside, &target).await {
            // S3 answers when it is done. Azure may answer before, and then still needs the original.
            Ok(()) if self.large == Large::Completion => Ok(()),
            Ok(()) => {
                self.expect(path, expected).await?;
                Ok(())
            }
            Err(error) => self.there(path, expected, &error).await,
        };
        self.discard(aside).await;
        outcome
    }

    /// Left behind it costs a little money and misleads nobody.
    async fn discard(&self, aside: &Path) {
        let _ = self.base.delete(aside).await;
    }

    /// After a refusal: whether what is there is what was to be.
    async fn there(
        &self,
        path: &str,
        expected: Digest,
        error: &object_store::Error,
    ) -> Result<(), StoreError> {
        match self.version(path).await? {
            Some((found, _)) if found == expected => Ok(()),
            Some(_) => Err(StoreError::Occupied { path: self.name(path) }),
            None => Err(self.failed(path, error)),
        }
    }

    async fn expect(&self, path: &str, expected: Digest) -> Result<(), StoreError> {
        match self.version(path).await? {
            Some((found, _)) if found == expected => Ok(()),
            Some(_) => Err(StoreError::Occupied { path: self.name(path) }),
            None => Err(StoreError::Busy {
                path: self.name(path),
                code: "a write that has not settled".to_owned(),
            }),
        }
    }

    async fn digest_of(&self, aside: &Path, to: &str) -> Result<Option<Digest>, StoreError> {
        let failed = |error| self.failed(to, &error);
        let mut stream = self.base.get(aside).await.map_err(failed)?.into_stream();
        let mut hash = DigestWriter::new();
        while let Some(piece) = stream.next().await {
            hash.update(&piece.map_err(failed)?);
        }
        Ok(Some(hash.finish()))
    }

    fn aside(&self) -> Result<Path, StoreError> {
        self.full(&format!("{OWN}/staging/{:032x}", rand::random::<u128>()))
    }
}

fn part_size(size: u64) -> u64 {
    // Whole MiB, because some stores want all parts to be of one size, and for the budget.
    size.div_ceil(PARTS).max(SINGLE).div_ceil(MIB) * MIB
}

async fn memory(mib: u64) -> Option<tokio::sync::SemaphorePermit<'static>> {
    // More than all there is waits until nobody else has any.
    let wanted = u32::try_from(mib).unwrap_or(BUDGET).min(BUDGET);
    MEMORY.acquire_many(wanted).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_enough_and_of_one_size() {
        for size in [0, SINGLE, 80 << 30, 1 << 40, 5 << 40] {
            let part = part_size(size);
            assert!(part >= SINGLE && part.is_multiple_of(MIB), "{size}");
            assert!(size.div_ceil(part) <= 10_000, "{size}");
        }
    }
}
