//! Proofs that an organisation wrote two histories of a log (`docs/protocol/` section 5.4), genuine
//! and such as prove nothing.

use comity_protocol::chain::Link;
use comity_protocol::fork::{Branch, ForkProof};
use comity_protocol::hash::Hash;
use comity_protocol::id::{LineageId, LogId};
use serde_json::{Value, json};

use crate::build::hex;
use crate::check::fork_result;
use crate::key_changes::{change_of_globex, keys_of};
use crate::world::{Log, Org, World, at};

/// A history of `count` records that takes its own way from the record `part` on, shown down to the
/// record `shown` and signed by `signer`.
fn branch(signer: &Org, id: LogId, way: u8, (part, shown): (u64, u64), count: u64) -> Branch {
    let mut log = Log::new(id);
    for seq in 1..=count {
        log.push(Hash([if seq < part { 0x01 } else { way }; 32]), at(seq));
    }
    let step =
        |seq: u64| -> Option<Link> { log.steps.get(usize::try_from(seq).ok()? - 1).copied() };
    Branch::from_steps(signer.prove(log.head()), shown, step).unwrap()
}

/// Two histories of globex's log in the group that part at the record 5.
pub(crate) fn genuine(world: &World) -> ForkProof {
    let globex = &world.globex;
    let log = globex.log(world.group);
    ForkProof {
        organisation: globex.organisation(),
        log: log.into(),
        seq: 5,
        one: branch(globex, log, 0xaa, (5, 5), 7),
        other: branch(globex, log, 0xbb, (5, 5), 14),
    }
}

/// Forks of a message log and of a control log, and what is none.
pub(crate) fn cases(world: &World) -> Vec<Value> {
    let (acme, globex) = (&world.acme, &world.globex);
    let log = globex.log(world.group);
    let genuine = genuine(world);
    let control = world.control.id;
    let of_control = ForkProof {
        organisation: acme.organisation(),
        log: control.into(),
        seq: 5,
        one: branch(acme, control, 0xaa, (5, 5), 5),
        other: branch(acme, control, 0xbb, (5, 5), 6),
    };
    let changed = |change: &dyn Fn(&mut ForkProof)| {
        let mut proof = genuine.clone();
        change(&mut proof);
        proof
    };
    let change = crate::check::bytes(&crate::key_changes::cases(world)[0], "hex");
    let own = change_of_globex(world, &acme.seed);
    let lower = branch(globex, log, 0xbb, (3, 5), 14);
    let forged = branch(acme, log, 0xbb, (5, 5), 14);
    let next = Org { key: acme.key, seed: acme.seed, ..globex.clone() };
    let by_next = changed(&|p| {
        p.organisation.changes = vec![own.clone()];
        p.other = branch(&next, log, 0xbb, (5, 5), 14);
    });
    let elsewhere = branch(globex, globex.log(world.link), 0xbb, (5, 5), 14);
    let case = |name: &str, proof: &ForkProof| {
        let result = fork_result(&proof.verify(keys_of).map(|_| ()));
        json!({
            "kind": "fork_proof", "name": name, "hex": hex(&proof.encode()),
            "seq": proof.seq.to_string(), "result": result,
        })
    };
    vec![
        case("two histories of a message log", &genuine),
        case("two histories of a control log", &of_control),
        case("the same history twice", &changed(&|p| p.other = p.one.clone())),
        case("they part at an earlier record", &changed(&|p| p.other = lower.clone())),
        case("signed by another organisation", &changed(&|p| p.other = forged.clone())),
        case("the history of another log", &changed(&|p| p.other = elsewhere.clone())),
        case("another time of a head", &changed(&|p| p.other.head.time = at(99))),
        case("a link missing", &changed(&|p| p.other.links = p.other.links[1..].to_vec())),
        case("another record", &changed(&|p| p.seq = 4)),
        case("another organisation", &changed(&|p| p.organisation = acme.organisation())),
        case("another lineage", &changed(&|p| p.log.origin = LineageId([9; 32]))),
        case(
            "a change of another organisation's key",
            &changed(&|p| p.organisation.changes = vec![change.clone().into()]),
        ),
        case("a change of key", &changed(&|p| p.organisation.changes = vec![own.clone()])),
        case("signed by the next key", &by_next),
    ]
}
