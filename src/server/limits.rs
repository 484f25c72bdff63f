//! How often a client may ask: a token bucket for each address (the generic cell rate algorithm),
//! in a table of bounded size. Time is an argument.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Locks; a client meets only those of its own shard.
const SHARDS: usize = 16;
/// Clients remembered in one shard.
const PER_SHARD: usize = 4096;

/// Who is counted: an IPv4 address, or the /64 of an IPv6 address, which is one customer's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Client {
    V4([u8; 4]),
    V6([u8; 8]),
    /// Somebody with a name, by its digest's beginning.
    Named([u8; 16]),
    /// All for whom there is no room in the table.
    Crowd,
}

/// Counts requests of each client.
pub(super) struct Limiter {
    interval: Duration,
    tolerance: Duration,
    hasher: RandomState,
    /// For each client the time at which its bucket is full again.
    shards: [Mutex<HashMap<Client, Duration>>; SHARDS],
}

impl Limiter {
    /// `rate` requests a second in the long run, `burst` at once. `None` without a rate.
    pub(super) fn new(rate: u32, burst: u32) -> Option<Self> {
        let interval = Duration::from_secs(1).checked_div(rate)?;
        Some(Self {
            interval,
            tolerance: interval * burst.max(1),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        })
    }

    /// Takes a token at `now`, a time on any steady clock.
    ///
    /// # Errors
    /// How long to wait for the next token.
    pub(super) fn take(&self, client: Client, now: Duration) -> Result<(), Duration> {
        let shard = usize::try_from(self.hasher.hash_one(client) % SHARDS as u64).unwrap_or(0);
        let mut full_at = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= PER_SHARD && !full_at.contains_key(&client) {
            // A full bucket says no more than a missing one.
            full_at.retain(|_, at| *at > now);
        }
        let client = match full_at.len() >= PER_SHARD && !full_at.contains_key(&client) {
            true => Client::Crowd,
            false => client,
        };
        let at = full_at.get(&client).copied().unwrap_or(now).max(now);
        let next = at + self.interval;
        if next > now + self.tolerance {
            return Err(next - (now + self.tolerance));
        }
        full_at.insert(client, next);
        Ok(())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> Client {
        Client::V4(number.to_be_bytes())
    }

    #[test]
    fn a_burst_then_the_rate() {
        let limiter = Limiter::new(10, 3).unwrap();
        let at = Duration::from_millis;
        let steps = [
            (0, Ok(())),
            (0, Ok(())),
            (0, Ok(())),
            (0, Err(at(100))),
            (50, Err(at(50))),
            (100, Ok(())),
            (100, Err(at(100))),
            (5000, Ok(())),
            (5000, Ok(())),
            (5000, Ok(())),
            (5000, Err(at(100))),
        ];
        for (now, expected) in steps {
            assert_eq!(limiter.take(client(1), at(now)), expected, "{now} ms");
        }
        assert_eq!(limiter.take(client(2), at(5000)), Ok(()), "another client has its own bucket");
    }

    #[test]
    fn no_rate_no_limiter_and_a_burst_of_none_is_one() {
        assert!(Limiter::new(0, 5).is_none());
        let limiter = Limiter::new(1, 0).unwrap();
        assert_eq!(limiter.take(client(1), Duration::ZERO), Ok(()));
        assert!(limiter.take(client(1), Duration::ZERO).is_err());
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let limiter = Limiter::new(1, 1).unwrap();
        let mut refused = 0;
        let most = u32::try_from(SHARDS * PER_SHARD).unwrap();
        for number in 0..2 * most {
            refused += u32::from(limiter.take(client(number), Duration::ZERO).is_err());
        }
        assert!(limiter.len() <= SHARDS * (PER_SHARD + 1));
        assert!(refused > most / 2, "the crowd shares one bucket");
        assert_eq!(limiter.take(client(9 * most), Duration::from_secs(9)), Ok(()));
        assert!(limiter.len() <= SHARDS * (PER_SHARD + 1));
    }
}
