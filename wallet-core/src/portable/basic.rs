//! Owns numbers, texts, lists and what else the language has, as bytes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Portable, Reader, Unreadable, Writer, portable_as};

macro_rules! portable_numbers {
    ($($type:ty),+) => { $(
        impl Portable for $type {
            fn write(&self, to: &mut Writer) {
                to.put(&self.to_le_bytes());
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                Ok(Self::from_le_bytes(from.array()?))
            }
        }
    )+ };
}

portable_numbers!(u8, u16, u32, u64, i64);

portable_as! {
    usize as u64 { |it| u64::try_from(*it).unwrap_or(u64::MAX), |count| Self::try_from(count).ok() }
    bool as u8 { |it| u8::from(*it), |byte| (byte < 2).then_some(byte == 1) }
    Duration as (u64, u32) {
        |it| (it.as_secs(), it.subsec_nanos()),
        |parts| (parts.1 < 1_000_000_000).then(|| Self::new(parts.0, parts.1))
    }
    SocketAddr as String { |it| it.to_string(), |text| text.parse().ok() }
    IpAddr as String { |it| it.to_string(), |text| text.parse().ok() }
}

impl<const N: usize> Portable for [u8; N] {
    fn write(&self, to: &mut Writer) {
        to.put(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        from.array()
    }
}

impl Portable for () {
    fn write(&self, _to: &mut Writer) {}

    fn read(_from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(())
    }
}

impl Portable for String {
    fn write(&self, to: &mut Writer) {
        write_bytes(self.as_bytes(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        std::str::from_utf8(read_bytes(from)?).map(Self::from).map_err(|_| Unreadable)
    }
}

impl<T: Portable> Portable for Option<T> {
    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(thing) = self {
            thing.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        if bool::read(from)? { T::read(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Portable> Portable for Vec<T> {
    fn write(&self, to: &mut Writer) {
        self.len().write(to);
        for thing in self {
            thing.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let count = usize::read(from)?;
        // No element is less than a byte, so a false count takes no memory.
        if count > from.left() {
            return Err(Unreadable);
        }
        let mut things = Self::new();
        for _ in 0..count {
            things.push(T::read(from)?);
        }
        Ok(things)
    }
}

impl<T: Portable> Portable for Box<T> {
    fn write(&self, to: &mut Writer) {
        T::write(self, to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        T::read(from).map(Self::new)
    }
}

impl<T: Portable, E: Portable> Portable for Result<T, E> {
    fn write(&self, to: &mut Writer) {
        self.is_ok().write(to);
        match self {
            Ok(thing) => thing.write(to),
            Err(error) => error.write(to),
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(if bool::read(from)? { Ok(T::read(from)?) } else { Err(E::read(from)?) })
    }
}

impl<A: Portable, B: Portable> Portable for (A, B) {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok((A::read(from)?, B::read(from)?))
    }
}

impl<A: Portable, B: Portable, C: Portable> Portable for (A, B, C) {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
        self.2.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok((A::read(from)?, B::read(from)?, C::read(from)?))
    }
}

/// Writes bytes with their number.
pub(super) fn write_bytes(bytes: &[u8], to: &mut Writer) {
    bytes.len().write(to);
    to.put(bytes);
}

/// Reads what [`write_bytes`] wrote.
pub(super) fn read_bytes<'a>(from: &mut Reader<'a>) -> Result<&'a [u8], Unreadable> {
    let count = usize::read(from)?;
    from.take(count)
}
