//! Well-known binary, ISO and extended.

use super::rules::Rules;

const MAX_DEPTH: usize = 16;

/// Whether a position of the geometry is finer than the plan; none if it cannot be read.
pub(super) fn is_too_fine(rules: &Rules, bytes: &[u8]) -> Option<bool> {
    let mut reader = Reader { rules, rest: bytes, fine: false };
    reader.geometry(0)?;
    reader.rest.is_empty().then_some(reader.fine)
}

struct Reader<'a> {
    rules: &'a Rules,
    rest: &'a [u8],
    fine: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    fn number(&mut self, little: bool) -> Option<u32> {
        let bytes = self.take()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn geometry(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        let code = self.number(little)?;
        if code & 0x2000_0000 != 0 {
            self.number(little)?;
        }
        let iso = (code & 0x0FFF_FFFF) / 1000;
        let extended = usize::from(code & 0x8000_0000 != 0) + usize::from(code & 0x4000_0000 != 0);
        let size = 2
            + extended
            + match iso {
                0 => 0,
                1 | 2 => 1,
                3 => 2,
                _ => return None,
            };
        match (code & 0x0FFF_FFFF) % 1000 {
            1 => self.position(little, size),
            2 => self.positions(little, size),
            3 | 17 => {
                for _ in 0..self.number(little)? {
                    self.positions(little, size)?;
                }
                Some(())
            }
            4..=7 | 15 | 16 => {
                for _ in 0..self.number(little)? {
                    self.geometry(depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn positions(&mut self, little: bool, size: usize) -> Option<()> {
        for _ in 0..self.number(little)? {
            self.position(little, size)?;
        }
        Some(())
    }

    fn position(&mut self, little: bool, size: usize) -> Option<()> {
        for at in 0..size {
            let bytes = self.take()?;
            let number = if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) };
            // An empty point is written as NaN.
            if at < 2 && !number.is_nan() && self.rules.is_too_fine(number) {
                self.fine = true;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::steps;
    use super::*;

    fn point(code: u32, numbers: &[f64]) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(code.to_le_bytes());
        numbers.iter().for_each(|n| bytes.extend(n.to_le_bytes()));
        bytes
    }

    #[test]
    fn geometries_and_rubbish() {
        let rules = steps(0.1);
        let collection = |inner: &[u8]| [&[1, 7, 0, 0, 0, 1, 0, 0, 0], inner].concat();
        let ring = |last: f64| {
            let mut bytes = vec![0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2];
            [1.0, 2.0, 3.0, last].iter().for_each(|n: &f64| bytes.extend(n.to_be_bytes()));
            bytes
        };
        for (bytes, expected) in [
            (point(1, &[1.5, 2.5]), Some(false)),
            (point(1, &[1.5, 2.55]), Some(true)),
            (point(1001, &[1.5, 2.5, 3.333]), Some(false)),
            (point(0xC000_0001, &[1.5, 2.5, 3.333, 4.444]), Some(false)),
            (point(1, &[f64::NAN, f64::NAN]), Some(false)),
            (collection(&point(1, &[1.55, 0.0])), Some(true)),
            (ring(4.0), Some(false)),
            (ring(4.44), Some(true)),
            (point(1, &[1.0]), None),
            (point(99, &[1.0, 2.0]), None),
            (point(1, &[1.0, 2.0, 3.0]), None),
            (vec![1, 4, 0, 0, 0, 255, 255, 255, 255], None),
            (vec![], None),
            ([1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(100), None),
        ] {
            assert_eq!(is_too_fine(&rules, &bytes), expected, "{bytes:?}");
        }
    }
}
