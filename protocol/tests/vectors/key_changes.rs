//! Changes of a node's key (`docs/protocol/` section 5). The crate knows the keys, not this
//! structure, so it is written down here once more; what follows from a change is not judged here.

use comity_protocol::cbor::{self, ByteString};
use comity_protocol::control::Organisation;
use comity_protocol::frame::{Frame, PEER_VERSION, VectorEntry, WireLog};
use comity_protocol::id::LineageId;
use comity_protocol::key::{NodePublicKey, recovery_hash};
use comity_protocol::keys::{Hello, SignedHead};
use minicbor::{Decode, Encode};
use serde_json::{Value, json};

use crate::build::hex;
use crate::world::{World, public};
use ed25519_dalek::{Signer, SigningKey};

const CONTEXT: &[u8] = b"comity key change v1";
const PROTECTED: &[u8] = &[0xa1, 0x01, 0x27];

#[derive(Encode, Decode)]
#[cbor(map)]
struct Payload {
    #[n(0)]
    lineage: LineageId,
    #[n(1)]
    number: u64,
    #[n(2)]
    before: NodePublicKey,
    #[n(3)]
    after: NodePublicKey,
    #[n(4)]
    recovery: Option<NodePublicKey>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Empty {}

type Sign1 = (ByteString, Empty, ByteString, ByteString);

fn to_be_signed(context: &[u8], payload: &[u8]) -> Vec<u8> {
    let bytes = |b: &[u8]| ByteString(b.to_vec());
    cbor::encode(&("Signature1", bytes(PROTECTED), bytes(context), bytes(payload)))
}

/// A rotation, a recovery, and one that was signed as if it were a checkpoint.
pub(crate) fn cases(world: &World) -> Vec<Value> {
    let acme = &world.acme;
    let after = public(&[3; 32]);
    let case = |name: &str, seed: &[u8; 32], recovers: bool, context: &[u8]| {
        let recovery = recovers.then(|| public(seed));
        let lineage = acme.lineage;
        let payload =
            cbor::encode(&Payload { lineage, number: 1, before: acme.key, after, recovery });
        let signature =
            SigningKey::from_bytes(seed).sign(&to_be_signed(context, &payload)).to_bytes();
        let sign1: Sign1 = (
            ByteString(PROTECTED.to_vec()),
            Empty {},
            ByteString(payload),
            ByteString(signature.to_vec()),
        );
        let bytes = cbor::encode(&sign1);
        let result = result(&bytes);
        json!({ "kind": "key_change", "name": name, "hex": hex(&bytes), "result": result })
    };
    vec![
        case("signed by the key before", &acme.seed, false, CONTEXT),
        case("signed by the recovery key", &acme.recovery_seed, true, CONTEXT),
        case("signed by somebody else", &world.globex.seed, false, CONTEXT),
        case("signed as a checkpoint", &acme.seed, false, b"comity checkpoint v1"),
    ]
}

/// Whether a change is signed by whom it names.
pub(crate) fn result(bytes: &[u8]) -> &'static str {
    let Ok((protected, _, payload, signature)) = cbor::decode::<Sign1>(bytes, 512) else {
        return "malformed";
    };
    let Ok(change) = cbor::decode::<Payload>(&payload, 512) else { return "malformed" };
    let Ok(signature) = <[u8; 64]>::try_from(signature.0.as_slice()) else { return "malformed" };
    let signer = change.recovery.unwrap_or(change.before);
    let genuine = signer.verifies(&to_be_signed(CONTEXT, &payload), &signature);
    if protected.0 == PROTECTED && genuine { "ok" } else { "signature" }
}

/// All keys of an organisation by the changes that it lists; none where these do not hold.
pub(crate) fn keys_of(organisation: &Organisation) -> Vec<NodePublicKey> {
    let mut keys = vec![organisation.first_key];
    for (number, bytes) in (1..).zip(&organisation.changes) {
        let Ok((_, _, payload, _)) = cbor::decode::<Sign1>(bytes, 512) else { return Vec::new() };
        let Ok(change) = cbor::decode::<Payload>(&payload, 512) else { return Vec::new() };
        let by_recovery = change.recovery.map(|key| recovery_hash(&key));
        let goes_on = Some(change.lineage) == organisation.lineage()
            && change.number == number
            && Some(&change.before) == keys.last()
            && by_recovery.is_none_or(|hash| hash == organisation.recovery)
            && !keys.contains(&change.after);
        if !goes_on || result(bytes) != "ok" {
            return Vec::new();
        }
        keys.push(change.after);
    }
    keys
}

/// A change of globex's key to the one of a seed, by the key before.
pub(crate) fn change_of_globex(world: &World, after: &[u8; 32]) -> ByteString {
    let globex = &world.globex;
    let (lineage, after) = (globex.lineage, public(after));
    let before = globex.key;
    let payload = cbor::encode(&Payload { lineage, number: 1, before, after, recovery: None });
    let message = to_be_signed(CONTEXT, &payload);
    let signature = SigningKey::from_bytes(&globex.seed).sign(&message).to_bytes();
    let bytes = |b: &[u8]| ByteString(b.to_vec());
    let sign1: Sign1 = (bytes(PROTECTED), Empty {}, bytes(&payload), bytes(&signature));
    cbor::encode(&sign1).into()
}

/// What is said of changed keys.
pub(crate) fn frames(world: &World) -> Vec<(&'static str, Frame)> {
    let change = change_of_globex(world, &[3; 32]);
    let hello = Hello {
        from: world.globex.domain.into(),
        to: world.acme.domain.into(),
        lineage: world.globex.lineage,
        start: 6,
        versions: vec![PEER_VERSION],
        changes: Some(vec![change.clone()]),
    };
    let log = WireLog::from(world.globex.log(world.link));
    let head = crate::forks::genuine(world).one.head;
    let asked = vec![VectorEntry { log, seq: head.seq, hash: head.hash.into() }];
    let organisation = Organisation { changes: vec![change], ..world.globex.organisation() };
    vec![
        ("hello under a key that has changed", Frame::Hello(hello)),
        ("how a key has changed", Frame::Keys { organisations: vec![organisation] }),
        ("a head to be signed anew", Frame::Signed { asked, heads: vec![] }),
        (
            "a head signed anew",
            Frame::Signed { asked: vec![], heads: vec![SignedHead { log, head }] },
        ),
    ]
}
