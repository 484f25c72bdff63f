//! Numbers as OPA calculates with them: integers exactly, fractions as Go's `big.Float` of 64 bits
//! does, each result written with the fewest digits that read back.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};

/// Bits of a fraction.
const PRECISION: u64 = 64;
/// Bits of `big.NewFloat`, with which OPA's `product` begins.
pub(super) const PRODUCT: u64 = 53;
/// Bits of the longest number, and the largest exponent: far more than any policy needs.
const MOST: u64 = 4096;

/// A number as OPA writes it down between two operations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::policy) enum Number {
    Integer(BigInt),
    /// OPA keeps the sign of a nothing.
    MinusZero,
    /// `digits` × 10^`exponent`, and no integer; the digits do not end in 0.
    Fraction {
        digits: BigInt,
        exponent: i64,
    },
}

/// `mantissa` × 2^`exponent`.
#[derive(Clone, Debug)]
pub(super) struct Float {
    negative: bool,
    mantissa: BigUint,
    exponent: i64,
    /// Bits to which results are rounded.
    precision: u64,
}

pub(super) const TOO_LARGE: &str = "a number out of range";

type Result<T> = std::result::Result<T, &'static str>;

impl Number {
    /// `-12`, `-1.5e-7`.
    pub(in crate::policy) fn read(text: &str) -> Result<Self> {
        if text.len() > 1300 {
            return Err(TOO_LARGE);
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.parse().map_err(|_| TOO_LARGE)?;
        let mut digits: BigInt = format!("{whole}{rest}").parse().map_err(|_| "no number")?;
        let mut exponent = exponent - i64::try_from(rest.len()).map_err(|_| TOO_LARGE)?;
        if exponent.unsigned_abs() > MOST || digits.bits() > MOST {
            return Err(TOO_LARGE);
        }
        if digits == BigInt::ZERO {
            let minus = whole.starts_with('-');
            return Ok(if minus { Self::MinusZero } else { Self::Integer(digits) });
        }
        while exponent < 0 && &digits % 10 == BigInt::ZERO {
            digits /= 10;
            exponent += 1;
        }
        match u32::try_from(exponent) {
            Ok(zeros) => Ok(Self::Integer(digits * BigInt::from(10).pow(zeros))),
            Err(_) => Ok(Self::Fraction { digits, exponent }),
        }
    }

    pub(super) fn integer(&self) -> Option<BigInt> {
        match self {
            Self::Integer(n) => Some(n.clone()),
            Self::MinusZero => Some(BigInt::ZERO),
            Self::Fraction { .. } => None,
        }
    }

    pub(super) fn float(&self) -> Float {
        match self {
            Self::Integer(n) => Float::new(n, 0, PRECISION),
            Self::MinusZero => Float { negative: true, ..Float::new(&BigInt::ZERO, 0, PRECISION) },
            Self::Fraction { digits, exponent } => {
                let exact = Float {
                    negative: digits.sign() == Sign::Minus,
                    mantissa: digits.magnitude().clone(),
                    exponent: *exponent,
                    precision: PRECISION,
                };
                // 10^n is 2^n × 5^n, and the digits are not rounded before they are divided.
                exact.over(&five_to(exponent.unsigned_abs()))
            }
        }
    }

    /// By value: OPA compares the written digits.
    pub(in crate::policy) fn compare(&self, other: &Self) -> Ordering {
        let parts = |number: &Self| match number {
            Self::Integer(n) => (n.clone(), 0),
            Self::MinusZero => (BigInt::ZERO, 0),
            Self::Fraction { digits, exponent } => (digits.clone(), *exponent),
        };
        let ((left, a), (right, b)) = (parts(self), parts(other));
        let least = a.min(b);
        let scale = |n: BigInt, e: i64| {
            n * BigInt::from(10).pow(u32::try_from(e - least).unwrap_or_default())
        };
        scale(left, a).cmp(&scale(right, b))
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(n) => n.fmt(f),
            Self::MinusZero => f.write_str("-0"),
            Self::Fraction { digits, exponent } => write!(f, "{digits}e{exponent}"),
        }
    }
}

/// 5^n as Go has it: exact to 5^27, then multiplied up with 128 bits (the factors with 192).
fn five_to(n: u64) -> Float {
    let wide = PRECISION + 64;
    let five = Float::new(&BigInt::from(5), 0, wide + 64);
    let exact = |n: u64| {
        let power = BigInt::from(5).pow(u32::try_from(n.min(27)).unwrap_or_default());
        Float::new(&power, 0, wide)
    };
    let mut power = exact(n);
    let (mut left, mut factor) = (n.saturating_sub(27), five);
    while left > 0 {
        if left & 1 == 1 {
            power = power.times(&factor);
        }
        factor = factor.times(&factor);
        left >>= 1;
    }
    power
}

impl Float {
    fn new(n: &BigInt, exponent: i64, precision: u64) -> Self {
        let negative = n.sign() == Sign::Minus;
        Self { negative, mantissa: n.magnitude().clone(), exponent, precision }.rounded(false)
    }

    pub(super) fn one() -> Self {
        Self::new(&BigInt::from(1), 0, PRODUCT)
    }

    /// To the nearest, and of two to the even. `more`: something lies beyond the last bit.
    fn rounded(mut self, more: bool) -> Self {
        let bits = self.mantissa.bits();
        let Some(excess) = bits.checked_sub(self.precision).filter(|n| *n > 0) else {
            return self;
        };
        let half = self.mantissa.bit(excess - 1);
        let below = more || self.mantissa.trailing_zeros().is_some_and(|n| n < excess - 1);
        let odd = self.mantissa.bit(excess);
        self.mantissa >>= excess;
        if half && (below || odd) {
            self.mantissa += 1_u8;
        }
        self.exponent += i64::try_from(excess).unwrap_or(i64::MAX / 2);
        self
    }

    fn signed(&self) -> BigInt {
        let sign = if self.negative { Sign::Minus } else { Sign::Plus };
        BigInt::from_biguint(sign, self.mantissa.clone())
    }

    fn is_zero(&self) -> bool {
        self.mantissa == BigUint::ZERO
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.plus(&Self { negative: !other.negative, ..other.clone() })
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let precision = self.precision.max(other.precision);
        if self.is_zero() && other.is_zero() {
            let negative = self.negative && other.negative;
            return Self { negative, precision, ..self.clone() };
        }
        if other.is_zero() {
            return Self { precision, ..self.clone() }.rounded(false);
        }
        if self.is_zero() {
            return Self { precision, ..other.clone() }.rounded(false);
        }
        let least = self.exponent.min(other.exponent);
        let shift = |n: &Self| n.signed() << n.exponent.abs_diff(least);
        Self::new(&(shift(self) + shift(other)), least, precision)
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        // Go keeps the precision of the result's place, which is the left side's here.
        let product = Self {
            negative: self.negative != other.negative,
            mantissa: &self.mantissa * &other.mantissa,
            exponent: self.exponent + other.exponent,
            precision: self.precision,
        };
        product.rounded(false)
    }

    /// The quotient; `other` is not zero.
    pub(super) fn over(&self, other: &Self) -> Self {
        let negative = self.negative != other.negative;
        if self.is_zero() || other.is_zero() {
            return Self { negative, ..self.clone() };
        }
        // Enough bits that one more tells on which side of the middle it lies.
        let shift =
            (other.mantissa.bits() + self.precision + 2).saturating_sub(self.mantissa.bits());
        let raised = &self.mantissa << shift;
        let mantissa = &raised / &other.mantissa;
        let more = &mantissa * &other.mantissa != raised;
        let exponent = self.exponent - other.exponent - i64::try_from(shift).unwrap_or_default();
        Self { negative, mantissa, exponent, precision: self.precision }.rounded(more)
    }

    pub(super) fn absolute(&self) -> Self {
        Self { negative: false, ..self.clone() }
    }

    /// Without its fraction.
    fn whole(&self) -> Self {
        let mantissa = match u64::try_from(self.exponent) {
            Ok(up) => &self.mantissa << up.min(MOST),
            Err(_) => &self.mantissa >> self.exponent.unsigned_abs(),
        };
        let precision = mantissa.bits().max(PRECISION);
        // A whole number of OPA's has no minus if it is nothing.
        let negative = self.negative && mantissa != BigUint::ZERO;
        Self { negative, mantissa, exponent: 0, precision }
    }

    fn is_whole(&self) -> bool {
        self.minus(&self.whole()).is_zero()
    }

    pub(super) fn round(&self) -> Self {
        let half = Self::new(&BigInt::from(1), -1, PRODUCT);
        match self.negative {
            true => self.minus(&half).whole(),
            false => self.plus(&half).whole(),
        }
    }

    pub(super) fn ceil(&self) -> Self {
        let whole = self.whole();
        match whole.negative || self.is_whole() {
            true => whole,
            false => whole.plus(&Self::one()),
        }
    }

    pub(super) fn floor(&self) -> Self {
        let whole = self.whole();
        match !whole.negative || self.is_whole() {
            true => whole,
            false => whole.minus(&Self::one()),
        }
    }

    /// As Go writes it with as few digits as possible.
    pub(super) fn number(&self) -> Result<Number> {
        if self.is_zero() {
            return Ok(if self.negative {
                Number::MinusZero
            } else {
                Number::Integer(BigInt::ZERO)
            });
        }
        if self.exponent.unsigned_abs() > MOST || self.mantissa.bits() > MOST {
            return Err(TOO_LARGE);
        }
        let (digits, point) = self.shortest();
        let sign = if self.negative { "-" } else { "" };
        let exponent = point - i64::try_from(digits.len()).map_err(|_| TOO_LARGE)?;
        let digits: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        Number::read(&format!("{sign}{digits}e{exponent}"))
    }

    /// Digits, and where the point stands before or behind them.
    fn shortest(&self) -> (Vec<u8>, i64) {
        // The last bit is half of the last place; one more and one less are the ends of what is
        // read back as this number.
        let wanted = self.precision + 1;
        let bits = self.mantissa.bits();
        let middle = match wanted.checked_sub(bits) {
            Some(up) => &self.mantissa << up,
            None => &self.mantissa >> (bits - wanted),
        };
        let shift =
            i64::try_from(bits).unwrap_or_default() - i64::try_from(wanted).unwrap_or_default();
        let exponent = self.exponent + shift;
        let inclusive = !middle.bit(1);
        let (lower, _) = decimal(&(&middle - 1_u8), exponent);
        let (upper, _) = decimal(&(&middle + 1_u8), exponent);
        let (mut digits, point) = decimal(&middle, exponent);
        for at in 0..digits.len() {
            let digit = digits[at];
            let low = lower.get(at).copied().unwrap_or_default();
            let high = upper.get(at).copied().unwrap_or_default();
            let down = low != digit || (inclusive && at + 1 == lower.len());
            let up = digit != high && (inclusive || digit + 1 < high || at + 1 < upper.len());
            let raise = match (down, up) {
                (true, true) => nearer(&digits, at + 1),
                (true, false) => false,
                (false, true) => true,
                (false, false) => continue,
            };
            digits.truncate(at + 1);
            return if raise { raised(digits, point) } else { (trimmed(digits), point) };
        }
        (digits, point)
    }
}

/// Whether the digits from `at` on are nearer to the next; of two as near ones the even.
fn nearer(digits: &[u8], at: usize) -> bool {
    match digits.get(at) {
        Some(5) if at + 1 == digits.len() => at > 0 && digits[at - 1] % 2 == 1,
        Some(digit) => *digit >= 5,
        None => false,
    }
}

fn raised(mut digits: Vec<u8>, point: i64) -> (Vec<u8>, i64) {
    while digits.last() == Some(&9) {
        digits.pop();
    }
    match digits.last_mut() {
        Some(last) => {
            *last += 1;
            (digits, point)
        }
        None => (vec![1], point + 1),
    }
}

fn trimmed(mut digits: Vec<u8>) -> Vec<u8> {
    while digits.last() == Some(&0) {
        digits.pop();
    }
    digits
}

/// All digits of `mantissa` × 2^`exponent`, and where the point stands.
fn decimal(mantissa: &BigUint, exponent: i64) -> (Vec<u8>, i64) {
    let size = exponent.unsigned_abs();
    let (all, point) = match exponent >= 0 {
        true => (mantissa << size, 0),
        false => {
            (mantissa * BigUint::from(5_u8).pow(u32::try_from(size).unwrap_or(u32::MAX)), exponent)
        }
    };
    let digits: Vec<u8> = all.to_string().bytes().map(|digit| digit - b'0').collect();
    let length = i64::try_from(digits.len()).unwrap_or_default();
    (trimmed(digits), point + length)
}
