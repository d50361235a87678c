//! An act on a group as commands carry it: in the bytes of the control record that it asks for.

use comity_protocol::cbor::ByteString;
use comity_protocol::control::ControlAct;
use minicbor::{Decode, Encode};

/// A [`ControlAct`] in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAct(pub Box<ControlAct>);

impl<C> Encode<C> for GroupAct {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(2)?.u16(self.0.kind())?.encode_with(self.0.args(), ctx)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for GroupAct {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.array()?;
        let kind = d.u16()?;
        let args: Option<ByteString> = d.decode_with(ctx)?;
        ControlAct::decode(kind, args.as_deref())
            .map(|act| Self(Box::new(act)))
            .map_err(|_| minicbor::decode::Error::message("not a control act"))
    }
}
