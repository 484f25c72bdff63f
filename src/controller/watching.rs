//! How a watch that failed comes back, and how a controller ends that never saw anything.

use std::fmt::Debug;
use std::future::{Future, pending};
use std::hash::Hash;
use std::time::Duration;

use futures::FutureExt as _;
use kube::runtime::reflector::{Lookup, Store};
use kube::runtime::utils::Backoff;

use super::backoff;

/// Waits between tries of one watch: short, since a controller that does not see is of no use, and
/// each controller has but a few watches.
#[derive(Default)]
pub struct WatchBackoff {
    failures: u32,
}

impl Iterator for WatchBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1).min(3);
        Some(backoff::after(self.failures, rand::random()))
    }
}

impl Backoff for WatchBackoff {
    fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The wait of a controller that several watches feed, after an error of any. Each watch has its
/// own back-off already; a long one here would add all of theirs up, and deafen the healthy ones.
pub struct Breath;

impl Iterator for Breath {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(Duration::from_millis(100))
    }
}

impl Backoff for Breath {
    fn reset(&mut self) {}
}

/// Waits for a controller that was told to end. One whose first list never came, because a CRD or a right
/// is missing, has nothing under way, and would wait for that list for ever.
pub(super) async fn to_its_end<K>(
    running: impl Future<Output = ()>,
    listed: Store<K>,
    shutdown: impl Future<Output = ()>,
) where
    K: Lookup + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone + Debug,
{
    let nothing_begun = async {
        shutdown.await;
        if let Some(Ok(())) = listed.wait_until_ready().now_or_never() {
            pending::<()>().await;
        }
    };
    tokio::select! {
        () = running => {}
        () = nothing_begun => {}
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::runtime::{reflector, watcher};

    use super::*;

    #[tokio::test]
    async fn a_controller_without_its_first_list_ends_at_once_and_another_finishes() {
        let (reader, mut writer) = reflector::store::<ConfigMap>();
        to_its_end(pending(), reader.clone(), async {}).await;
        writer.apply_watcher_event(&watcher::Event::Init);
        writer.apply_watcher_event(&watcher::Event::InitDone);
        let waits = to_its_end(pending(), reader.clone(), async {});
        assert!(tokio::time::timeout(Duration::from_millis(50), waits).await.is_err());
        to_its_end(async {}, reader, pending()).await;
    }
}
