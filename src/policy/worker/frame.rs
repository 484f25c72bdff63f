//! Frames on a pipe: four bytes of length, big-endian, then so many bytes.

use std::io::{Error, ErrorKind, Read, Result, Write};

/// Reads a frame; `None` at the end of the stream.
///
/// # Errors
/// If the stream fails, ends within a frame, or the frame is over `limit` bytes.
pub(super) fn read(from: &mut impl Read, limit: usize) -> Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read(&mut length)? {
        0 => return Ok(None),
        n => from.read_exact(&mut length[n..])?,
    }
    let length = u64::from(u32::from_be_bytes(length));
    if length > limit as u64 {
        return Err(Error::new(ErrorKind::InvalidData, "a frame is over the limit"));
    }
    // Room is made for what comes, not for what is announced.
    let mut body = Vec::new();
    from.take(length).read_to_end(&mut body)?;
    match body.len() as u64 == length {
        true => Ok(Some(body)),
        false => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// Writes a frame.
///
/// # Errors
/// If the stream fails or the body is over 4 GiB.
pub(super) fn write(to: &mut impl Write, body: &[u8]) -> Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| ErrorKind::InvalidInput)?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(body)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_and_bad_ones_are_errors() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"abc").unwrap();
        write(&mut pipe, b"").unwrap();
        let mut from = pipe.as_slice();
        assert_eq!(read(&mut from, 3).unwrap().unwrap(), b"abc");
        assert_eq!(read(&mut from, 3).unwrap().unwrap(), b"");
        assert_eq!(read(&mut from, 3).unwrap(), None);
        assert!(read(&mut pipe.as_slice(), 2).is_err());
        assert!(read(&mut &pipe[..5], 9).is_err());
        assert!(read(&mut &pipe[..2], 9).is_err());
        assert!(read(&mut [0xff_u8; 9].as_slice(), 1 << 20).is_err());
    }
}
