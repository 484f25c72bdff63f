//! One asks, all who came meanwhile get the answer, and so do those who come soon after. Of bounded
//! size.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// An answer, once it is there, and since when.
type Cell<V> = Arc<OnceCell<(Instant, V)>>;

/// Answers under way, and those that are fresh enough.
pub struct Flights<K, V> {
    fresh: Duration,
    most: usize,
    cells: Mutex<HashMap<K, Cell<V>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Flights<K, V> {
    /// Answers are good for `fresh`; at most `most` are kept.
    pub fn new(fresh: Duration, most: usize) -> Self {
        Self { fresh, most, cells: Mutex::default() }
    }

    /// The answer for `key`: a fresh one, the one that is under way, or that of `ask`. If whoever
    /// asks goes away, the next in line asks.
    pub async fn get<F: Future<Output = V>>(&self, key: &K, ask: impl FnOnce() -> F) -> V {
        let cell = self.cell(key);
        let answer = cell.get_or_init(async || {
            let answer = ask().await;
            (Instant::now(), answer)
        });
        answer.await.1.clone()
    }

    fn cell(&self, key: &K) -> Cell<V> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |cell: &Cell<V>| match cell.get() {
            Some((at, _)) => at.elapsed() < self.fresh,
            None => Arc::strong_count(cell) > 1,
        };
        if let Some(cell) = cells.get(key).filter(|cell| good(cell)) {
            return Arc::clone(cell);
        }
        if cells.len() >= self.most {
            cells.retain(|_, cell| good(cell));
        }
        let cell = Cell::default();
        // What finds no room is asked for alone.
        if cells.len() < self.most {
            cells.insert(key.clone(), Arc::clone(&cell));
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_thousand_questions_are_one() {
        let flights = Flights::new(Duration::from_secs(3600), 4);
        let asked = AtomicU32::new(0);
        let one = async || {
            flights
                .get(&1, async || {
                    tokio::task::yield_now().await;
                    asked.fetch_add(1, Ordering::Relaxed)
                })
                .await
        };
        let answers = join_all((0..1000).map(|_| one())).await;
        assert!(answers.iter().all(|answer| *answer == 0));
        assert_eq!(one().await, 0, "and it is kept");
        assert_eq!(flights.get(&2, async || 7).await, 7);
    }

    #[tokio::test]
    async fn what_is_stale_is_asked_again_and_the_table_stays_small() {
        let flights = Flights::new(Duration::ZERO, 4);
        for n in 0..100 {
            assert_eq!(flights.get(&(n % 10), async || n).await, n);
        }
        assert!(flights.cells.lock().unwrap().len() <= 4);
        let kept = Flights::new(Duration::from_secs(3600), 4);
        for n in 0..100 {
            assert_eq!(kept.get(&n, async || n).await, n, "no room, and still an answer");
        }
        assert_eq!(kept.cells.lock().unwrap().len(), 4);
    }

    #[tokio::test]
    async fn whoever_goes_away_leaves_the_question_to_the_next() {
        let flights = Flights::new(Duration::from_secs(3600), 4);
        let first = flights.get(&1, async || std::future::pending::<u32>().await);
        assert!(futures::poll!(Box::pin(first)).is_pending());
        assert_eq!(flights.get(&1, async || 2).await, 2);
    }
}
