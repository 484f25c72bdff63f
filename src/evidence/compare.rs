//! Whether the canary's share of bad requests is more than so many times the stable version's, or
//! only looks so by chance.
//!
//! The test is the exact conditional one for two rates (Przyborowski and Wilenski 1940, the
//! "C-test"): if the canary were just at its budget, each bad request would be one of the canary's
//! with probability `b·n₁ / (b·n₁ + n₂)`, so that their number is binomial. It needs no
//! normality, holds for zero and for few, and errs, if at all, towards *no difference*: for
//! shares that are not small the counts spread less than it assumes.

/// Requests of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Those that went wrong.
    pub bad: u64,
    /// All.
    pub total: u64,
}

/// What the test found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Test {
    /// How probable so many bad requests of the canary, or more, would be at its budget.
    pub p: f64,
}

/// Tests whether `canary` is beyond `budget` times `stable`.
pub fn compare(canary: Counts, stable: Counts, budget: f64) -> Test {
    // Counts of requests are far below 2^53.
    #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
    let float = |n: u64| n as f64;
    if canary.bad == 0 {
        return Test { p: 1.0 };
    }
    let weight = budget * float(canary.total);
    let share = weight / (weight + float(stable.total));
    // P(X ≥ k) of n trials is the regularized incomplete beta function I(share; k, n - k + 1).
    Test { p: incomplete_beta(share, float(canary.bad), float(stable.bad) + 1.0) }
}

/// The regularized incomplete beta function, by its continued fraction (Lentz's way).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    // The fraction converges fast on this side of the mean; the other side is its mirror.
    if x < (a + 1.0) / (a + b + 2.0) {
        (front.exp() * fraction(x, a, b) / a).clamp(0.0, 1.0)
    } else {
        (1.0 - front.exp() * fraction(1.0 - x, b, a) / b).clamp(0.0, 1.0)
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    // It takes some √max(a, b) steps; a million bad requests are a thousand.
    for step in 1..10_000_u32 {
        let m = f64::from(step);
        for numerator in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / away(1.0 + numerator * d);
            c = away(1.0 + numerator / c);
            result *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    result
}

/// The logarithm of the gamma function, for arguments from 1 (Lanczos, g = 7).
fn ln_gamma(x: f64) -> f64 {
    const C: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let mut sum = 0.999_999_999_999_809_9;
    let mut at = x;
    for c in C {
        at += 1.0;
        sum += c / at;
    }
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn p(canary: (u64, u64), stable: (u64, u64), budget: f64) -> f64 {
        let counts = |(bad, total)| Counts { bad, total };
        compare(counts(canary), counts(stable), budget).p
    }

    /// The tail of the binomial distribution, added up term by term.
    fn tail(k: u64, n: u64, share: f64) -> f64 {
        let mut term = (1.0 - share).powi(i32::try_from(n).unwrap());
        let mut sum = 0.0;
        for i in 0..=n {
            if i >= k {
                sum += term;
            }
            #[expect(clippy::cast_precision_loss)]
            let next = (n - i) as f64 / (i + 1) as f64;
            term *= next * share / (1.0 - share);
        }
        sum
    }

    #[test]
    fn known_values() {
        // R: poisson.test(c(11, 4), c(800, 1083.3), alternative = "greater") gives 0.02117 or so
        // for the same conditional binomial: pbinom(10, 15, 800/1883.3, lower.tail = FALSE).
        let found = p((11, 8000), (4, 10_833), 1.0);
        assert!((found - tail(11, 15, 8000.0 / 18_833.0)).abs() < 1e-12, "{found}");
        assert_eq!(p((0, 100), (50, 100), 1.0), 1.0);
        assert!(p((5, 100), (0, 100), 1.0) < 0.05, "2^-5");
        assert!(p((4, 100), (0, 100), 1.0) > 0.05, "2^-4");
        assert!(p((30, 1000), (20, 1000), 1.5) > 0.3, "at its budget");
        assert!(p((300, 1000), (100, 1000), 1.5) < 1e-6);
        // A share as of a million requests, and no hang.
        assert!(p((10_000, 1_000_000), (10_000, 1_000_000), 1.0) > 0.4);
        assert!(p((1_000_000, 100_000_000), (900_000, 100_000_000), 1.0) < 1e-9);
    }

    proptest! {
        #[test]
        fn it_is_the_binomial_tail(bad in 1_u64..40, other in 0_u64..40,
                                   n in 50_u64..2000, m in 50_u64..2000) {
            #[expect(clippy::cast_precision_loss)]
            let share = n as f64 / (n + m) as f64;
            let found = p((bad, n), (other, m), 1.0);
            prop_assert!((found - tail(bad, bad + other, share)).abs() < 1e-9);
            // One more of the canary's is never less suspicious.
            prop_assert!(p((bad + 1, n), (other, m), 1.0) <= found + 1e-12);
            prop_assert!(p((bad, n), (other, m), 2.0) >= found - 1e-12);
        }
    }
}
