//! CBOR's diagnostic notation (RFC 8949 section 8), of the types that the protocol uses: what a
//! vector's bytes mean, to be read by people and compared by machines.

use minicbor::Decoder;
use minicbor::data::Type;

/// The notation of one item.
pub(crate) fn print(bytes: &[u8]) -> String {
    let mut decoder = Decoder::new(bytes);
    let text = item(&mut decoder);
    assert_eq!(decoder.position(), bytes.len(), "bytes after the item");
    text
}

fn item(decoder: &mut Decoder<'_>) -> String {
    match decoder.datatype().unwrap() {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64().unwrap().to_string(),
        Type::Bytes => format!("h'{}'", crate::build::hex(decoder.bytes().unwrap())),
        Type::String => format!("{:?}", decoder.str().unwrap()),
        Type::Bool => decoder.bool().unwrap().to_string(),
        Type::Null => {
            decoder.null().unwrap();
            "null".to_owned()
        }
        Type::Array => {
            let length = decoder.array().unwrap().unwrap();
            let items: Vec<String> = (0..length).map(|_| item(decoder)).collect();
            format!("[{}]", items.join(", "))
        }
        Type::Map => {
            let length = decoder.map().unwrap().unwrap();
            let pairs: Vec<String> =
                (0..length).map(|_| format!("{}: {}", item(decoder), item(decoder))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => panic!("the protocol has no {other}"),
    }
}
