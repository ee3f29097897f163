//! Owns `Portable`: what a face asks and hears as bytes, for another process of the same version.
//!
//! The form is private to one version of the program and may change with every one; nothing is ever
//! stored in it. Structs are their fields in order, enums a byte and their fields. The lists of
//! fields and variants are taken apart by patterns, so a new one that is missing here does not
//! compile. Refuses bytes that say nothing, without a panic: they come from a socket.

mod basic;
mod money;
mod keychain;
mod chain;
mod outcome;
mod wallet;
mod payment;
mod order;
mod teller;
mod command;
mod event;
mod founding;
pub mod question;

use zeroize::Zeroizing;

/// What can cross to another process of the same version.
pub trait Portable: Sized {
    /// Appends the bytes.
    fn write(&self, to: &mut Writer);

    /// Takes the bytes from the front.
    ///
    /// # Errors
    /// If they are not those of such a thing.
    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable>;

    /// All the bytes. They are wiped when they are dropped, since a password may be among them.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.0
    }

    /// The thing of which these are all the bytes.
    ///
    /// # Errors
    /// If they are not, or not all.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader { bytes, depth: 0 };
        let thing = Self::read(&mut reader)?;
        if reader.bytes.is_empty() { Ok(thing) } else { Err(Unreadable) }
    }
}

/// Where bytes are written.
#[derive(Debug, Default)]
pub struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// Appends bytes as they are.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            // A vector that grows by itself leaves what it held in memory.
            let mut more = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.0.capacity())));
            more.extend_from_slice(&self.0);
            self.0 = more;
        }
        self.0.extend_from_slice(bytes);
    }
}

/// Where bytes are read.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    depth: u8,
}

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, left) = self.bytes.split_at_checked(count).ok_or(Unreadable)?;
        self.bytes = left;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, left) = self.bytes.split_first_chunk().ok_or(Unreadable)?;
        self.bytes = left;
        Ok(*taken)
    }

    /// How many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Reads what may hold itself.
    pub(crate) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        if self.depth == DEEPEST {
            return Err(Unreadable);
        }
        self.depth += 1;
        let thing = read(self);
        self.depth -= 1;
        thing
    }
}

/// Bytes that are not those of what was awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what came is not understood: both sides must be the same version of billfold")]
pub struct Unreadable;

/// Rules within rules: more than any descriptor that is accepted has.
const DEEPEST: u8 = 100;

/// A struct of portable fields.
macro_rules! portable_struct {
    ($($type:ty { $($field:ident),+ $(,)? })+) => { $(
        impl $crate::portable::Portable for $type {
            fn write(&self, to: &mut $crate::portable::Writer) {
                let Self { $($field),+ } = self;
                $($crate::portable::Portable::write($field, to);)+
            }

            fn read(
                from: &mut $crate::portable::Reader<'_>,
            ) -> Result<Self, $crate::portable::Unreadable> {
                Ok(Self { $($field: $crate::portable::Portable::read(from)?),+ })
            }
        }
    )+ };
}

/// An enum of variants with portable fields.
macro_rules! portable_enum {
    ($type:ty { $(
        $variant:ident $(($($item:ident),+))? $({ $($field:ident),+ $(,)? })?
    ),+ $(,)? }) => {
        const _: () = {
            #[derive(Clone, Copy)]
            enum Tag { $($variant),+ }

            impl $crate::portable::Portable for $type {
                fn write(&self, to: &mut $crate::portable::Writer) {
                    match self { $(
                        Self::$variant $(($($item),+))? $({ $($field),+ })? => {
                            to.put(&[Tag::$variant as u8]);
                            $($($crate::portable::Portable::write($item, to);)+)?
                            $($($crate::portable::Portable::write($field, to);)+)?
                        }
                    )+ }
                }

                fn read(
                    from: &mut $crate::portable::Reader<'_>,
                ) -> Result<Self, $crate::portable::Unreadable> {
                    let [tag] = from.array()?;
                    $(if tag == Tag::$variant as u8 {
                        $($(let $item = $crate::portable::Portable::read(from)?;)+)?
                        $($(let $field = $crate::portable::Portable::read(from)?;)+)?
                        return Ok(Self::$variant $(($($item),+))? $({ $($field),+ })?);
                    })+
                    Err($crate::portable::Unreadable)
                }
            }
        };
    };
}

/// What is written as something else that is portable, and made of it again.
macro_rules! portable_as {
    ($($type:ty as $other:ty { |$it:ident| $out:expr, |$from:ident| $back:expr $(,)? })+) => { $(
        impl $crate::portable::Portable for $type {
            fn write(&self, to: &mut $crate::portable::Writer) {
                let $it = self;
                let other: $other = $out;
                $crate::portable::Portable::write(&other, to);
            }

            fn read(
                from: &mut $crate::portable::Reader<'_>,
            ) -> Result<Self, $crate::portable::Unreadable> {
                let $from: $other = $crate::portable::Portable::read(from)?;
                $back.ok_or($crate::portable::Unreadable)
            }
        }
    )+ };
}

pub(crate) use {portable_as, portable_enum, portable_struct};

#[cfg(test)]
mod tests;
