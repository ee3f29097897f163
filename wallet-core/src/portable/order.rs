//! Owns what is asked on somebody's behalf, as bytes.

use super::{Portable, Reader, Unreadable, Writer, portable_enum, portable_struct};
use crate::command::{Asker, Authority, KeyedRequest, Limit, Order};

portable_enum!(Asker { Owner, User(name), Token(id) });
portable_enum!(Limit { PerPayment(most), Budget { amount, seconds }, Destinations(scripts) });

portable_struct! {
    Authority { asker, method, request, limits }
    KeyedRequest { key, hash }
}

/// By hand, since a command may be an order again.
impl Portable for Order {
    fn write(&self, to: &mut Writer) {
        let Self { by, command } = self;
        by.write(to);
        command.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        from.deeper(|from| Ok(Self { by: Portable::read(from)?, command: Portable::read(from)? }))
    }
}
