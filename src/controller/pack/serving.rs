//! A pack goes onto the shelf that the server hands out from, if its spec says so.

use jiff::Timestamp;

use super::super::Context;
use crate::api::PolicyPack;
use crate::domain::Digest;
use crate::pack::{OnShelf, PackId, ServedPack, ShelfError};

/// What became of `spec.serve`.
pub(super) enum Serving {
    /// It is not asked for.
    Off,
    /// It is served at this path.
    At(String),
    /// It will be, once a revision is verified.
    Announced,
    /// It cannot be.
    Refused { reason: &'static str, message: String },
}

impl From<ShelfError> for Serving {
    fn from(error: ShelfError) -> Self {
        Self::Refused { reason: error.reason(), message: error.to_string() }
    }
}

/// Brings the shelf in line with what is loaded. What is no longer trusted leaves it, too.
pub(super) async fn place(pack: &PolicyPack, ctx: &Context, owner: &str) -> Serving {
    let serve = pack.spec.serve.as_ref().filter(|serve| serve.enabled);
    let Some(serve) = serve else {
        ctx.shelf.clear(owner, None);
        return Serving::Off;
    };
    let id: PackId = match serve.id.parse() {
        Ok(id) => id,
        Err(error) => {
            let message = format!("spec.serve.id: {error}");
            return Serving::Refused { reason: "InvalidSpec", message };
        }
    };
    ctx.shelf.clear(owner, Some(&id));
    let mut announced = Ok(());
    ctx.unless_deleted(owner, || announced = ctx.shelf.announce(owner, &id));
    if let Err(error) = announced {
        return error.into();
    }
    // What is stale here is not handed on as current.
    let fresh = ctx.packs.get(owner, Timestamp::now()).is_ok();
    let Some(last) = ctx.remembered(owner).filter(|_| fresh) else {
        ctx.shelf.demote(owner, &id);
        return Serving::Announced;
    };
    let at = Serving::At(id.path());
    if let Some(OnShelf::Served(there)) = ctx.shelf.get(id.as_str())
        && there.digest() == last.verified.digest()
        && there.bundle_digest() == Digest::of(last.verified.bundle())
        && there.inline_bundle() == serve.inline_bundle
    {
        return at;
    }
    let inline = serve.inline_bundle;
    let name = id.clone();
    let made = tokio::task::spawn_blocking(move || {
        ServedPack::new(name, &last.verified, Timestamp::now(), inline)
    });
    let served = match made.await {
        Ok(Ok(served)) => served,
        Ok(Err(error)) => {
            ctx.shelf.demote(owner, &id);
            return error.into();
        }
        Err(lost) => {
            let message = format!("the pack could not be prepared: {lost}");
            return Serving::Refused { reason: "ServeFailed", message };
        }
    };
    let mut put = Ok(());
    ctx.unless_deleted(owner, || put = ctx.shelf.put(owner, served));
    put.map_or_else(Into::into, |()| at)
}
