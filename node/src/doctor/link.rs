//! What two nodes that are linked know of each other: that they take each other, their clocks and
//! versions, and how long a test takes there and back.

use comity_protocol::code::Code;
use comity_protocol::limits::AHEAD_MS_MAX;
use comity_protocol::name::ServerName;
use comity_protocol::probe::Probed;
use comity_replica::limits::VERSIONS;

use super::{Legs, TestError, in_words, list};
use crate::admin::Finding;

/// A difference of clocks that is none, in ms.
const CLOCK_FINE_MS: u64 = 2_000;
/// One by which messages are about to wait, in ms.
const CLOCK_BAD_MS: u64 = AHEAD_MS_MAX / 2;

/// A partner's clock against this machine's.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    /// The partner.
    pub(crate) domain: ServerName,
    /// How far its clock is ahead, in ms.
    pub(crate) ahead_ms: i64,
    /// Within how many ms it was asked and answered, which bounds the error.
    pub(crate) within_ms: u64,
}

/// Whether the partner takes this node; where not, its code, and what happened.
pub(crate) fn linked(domain: &ServerName, found: Result<(), (Code, String)>) -> Finding {
    const ABOUT: &str = "link";
    let (code, why) = match found {
        Ok(()) => {
            return Finding::ok(ABOUT, "It is up: the partner knows this node, and takes it.");
        }
        Err(failed) => failed,
    };
    let todo = match code {
        Code::DomainRefused => format!(
            "This node's own rules keep it out. Where it is to be let in: comity peers allow \
             {domain}; comity peers rules shows what was said of whom."
        ),
        Code::DomainWaits => {
            format!("Say whether it is let in: comity peers allow {domain}, or block.")
        }
        Code::RefusedByDomain => {
            format!("Ask the admin of {domain} to let this organisation in.")
        }
        Code::WaitsAtDomain => format!(
            "Ask the admin of {domain} to say comity peers allow: this organisation waits there."
        ),
        Code::PeerNameMismatch | Code::DomainKeyChanged => {
            "One of the two knows another key of the other: compare what comity keys show prints \
             with the records, on both sides."
                .to_owned()
        }
        Code::DomainBogus | Code::DomainUnproven | Code::DomainNotFound => format!(
            "See the records of {domain} above; if these are well, those of this node: comity \
             doctor says what is wrong with them."
        ),
        Code::FrameMalformed | Code::FrameUnexpected | Code::VersionUnsupported => {
            "One of the two runs another release, which does not know what it was asked: the older \
             one has to be upgraded."
                .to_owned()
        }
        _ => format!("See what its addresses answer; comity peers show {domain} says more."),
    };
    Finding::bad(ABOUT, format!("It is not up ({code}): {why}"), todo)
}

/// What a partner says of itself: clock and versions.
pub(crate) fn answered(compared: &Compared, probed: &Probed) -> Vec<Finding> {
    vec![clock(compared), versions(probed)]
}

fn clock(compared: &Compared) -> Finding {
    const ABOUT: &str = "clock";
    let Compared { domain, ahead_ms, within_ms } = compared;
    let found = format!("That of {domain} is {} this machine's", ahead(*ahead_ms));
    let found = format!("{found} (asked and answered within {within_ms} ms).");
    let todo = format!(
        "One of the two is wrong: keep both right with NTP. comity doctor compares this machine's \
         with all partners that are linked. What is written more than {} s ahead waits at the \
         other.",
        AHEAD_MS_MAX / 1_000
    );
    match ahead_ms.unsigned_abs().saturating_sub(*within_ms) {
        0..=CLOCK_FINE_MS => Finding::ok(ABOUT, found),
        off_ms if off_ms < CLOCK_BAD_MS => Finding::look(ABOUT, found, todo),
        _ => Finding::bad(ABOUT, found, todo),
    }
}

fn versions(probed: &Probed) -> Finding {
    const ABOUT: &str = "versions";
    let Probed { versions, software, .. } = probed;
    // Anybody may write anything there.
    let software: String = software.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let found = format!(
        "It runs {software:?} and speaks version {} of the protocol; this node version {}.",
        list(versions),
        list(VERSIONS)
    );
    match versions.iter().any(|version| VERSIONS.contains(version)) {
        true => Finding::ok(ABOUT, found),
        false => Finding::bad(ABOUT, found, "The older one has to be upgraded."),
    }
}

/// This machine's clock against all that could be asked.
pub(crate) fn clocks(all: &[Compared]) -> Finding {
    const ABOUT: &str = "clock";
    let off_ms = |one: &Compared| one.ahead_ms.unsigned_abs().saturating_sub(one.within_ms);
    let (fine, off): (Vec<_>, Vec<_>) =
        all.iter().partition(|one: &&Compared| off_ms(one) <= CLOCK_FINE_MS);
    let named = list(off.iter().map(|one| format!("{} {}", one.domain, ahead(one.ahead_ms))));
    if all.is_empty() {
        return Finding::look(
            ABOUT,
            "No partner is linked with which it could be compared.",
            "Ask again once one is; keep the clock right with NTP.",
        );
    }
    if off.is_empty() {
        return Finding::ok(ABOUT, format!("It agrees with that of {}.", domains(&fine)));
    }
    let is_one_sided = off.iter().all(|one| (one.ahead_ms > 0) == (off[0].ahead_ms > 0));
    let is_ours = off.len() >= 2 && off.len() > fine.len() && is_one_sided;
    let is_bad = off.iter().any(|one| off_ms(one) >= CLOCK_BAD_MS);
    if is_ours && is_bad {
        let found = format!("It is most likely this machine's that is wrong: {named} it.");
        return Finding::bad(ABOUT, found, "Set it, and keep it right with NTP.");
    }
    let found = format!("Some differ from it: {named} it.");
    let todo = "Look which is wrong: compare with a clock that you trust, and keep yours right \
                with NTP.";
    Finding::look(ABOUT, found, todo)
}

/// What became of a test.
pub(crate) fn tested(domain: &ServerName, found: Result<Legs, TestError>) -> Finding {
    const ABOUT: &str = "test message";
    let ask = format!("Ask the admin of {domain} what comity doctor says there.");
    let error = match found {
        Ok(Legs { own_disk_ms, their_disk_ms, read_back_ms }) => {
            let found = format!(
                "It went the whole way: {own_disk_ms} ms to this node's disk, {their_disk_ms} ms \
                 to that of {domain}, {read_back_ms} ms to be read back from there."
            );
            return Finding::ok(ABOUT, found);
        }
        Err(error) => error,
    };
    match error {
        TestError::Another => Finding::bad(
            ABOUT,
            format!("{domain} shows another record than the one that was written."),
            "Its node, or its disk, is broken. ".to_owned() + &ask,
        ),
        TestError::NotWritten(code) => Finding::bad(
            ABOUT,
            format!("It could not be written here ({}).", in_words(code)),
            "The log of this node says why.",
        ),
        TestError::NotShown(Code::RateLimited) => Finding::look(
            ABOUT,
            format!("It is on the disk of {domain}, which was asked too often to show it."),
            "Ask again in a minute.",
        ),
        TestError::NotShown(code) => Finding::bad(
            ABOUT,
            format!("{domain} acknowledged it, and does not show it ({code})."),
            "It may wait there because this machine's clock is ahead: see clock. ".to_owned()
                + &ask,
        ),
        TestError::TooSoon(left_ms) => Finding::look(
            ABOUT,
            format!("One went to {domain} less than a minute ago."),
            format!("Ask again in {} s.", left_ms.div_ceil(1_000)),
        ),
        TestError::Unacknowledged => Finding::bad(
            ABOUT,
            format!("It is on this node's disk; {domain} did not acknowledge it in time."),
            "Its node or its disk does not keep up, or much waits for it: see comity peers. "
                .to_owned()
                + &ask,
        ),
    }
}

/// How far a clock is from another one.
fn ahead(ahead_ms: i64) -> String {
    let off = ahead_ms.unsigned_abs();
    let (seconds, rest) = (off / 1_000, off % 1_000);
    let side = if ahead_ms < 0 { "behind" } else { "ahead of" };
    format!("{seconds}.{rest:03} s {side}")
}

fn domains(all: &[&Compared]) -> String {
    list(all.iter().map(|one| &one.domain))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::admin::Grade;

    fn partner(domain: &str, ahead_ms: i64) -> Compared {
        Compared { domain: domain.parse().unwrap(), ahead_ms, within_ms: 40 }
    }

    #[test]
    fn it_is_this_clock_that_is_wrong_where_most_others_say_so() {
        let check = |all: &[Compared], grade, words: &str| {
            let found = clocks(all);
            assert_eq!(found.grade, grade, "{found:?}");
            assert!(found.found.contains(words), "{found:?}");
        };
        let [a, b] = [90_000, 91_000].map(|ms| partner("late.test", ms));
        check(&[], Grade::Look, "No partner");
        check(&[partner("a.test", 12), partner("b.test", -2_030)], Grade::Ok, "a.test, b.test");
        check(&[a.clone(), b.clone()], Grade::Bad, "this machine's");
        check(&[a.clone(), b.clone(), partner("c.test", 3)], Grade::Bad, "90.000 s ahead of");
        // One alone, as many as are fine, or to both sides: anybody's may be wrong.
        check(std::slice::from_ref(&a), Grade::Look, "late.test 90.000 s ahead of");
        check(&[a.clone(), partner("c.test", 3)], Grade::Look, "Some differ");
        check(&[a, partner("slow.test", -90_000)], Grade::Look, "slow.test 90.000 s behind");
    }

    #[test]
    fn a_refusal_is_in_words_with_what_to_do() {
        let domain: ServerName = "globex.example".parse().unwrap();
        let refused = |code: Code| linked(&domain, Err((code, code.sentence().to_owned())));
        let found = refused(Code::DomainRefused);
        assert!(found.found.contains("domain_refused") && found.found.contains("not federate"));
        for (code, todo) in [
            (Code::DomainRefused, "comity peers allow globex.example"),
            (Code::DomainWaits, "comity peers allow globex.example"),
            (Code::RefusedByDomain, "Ask the admin of globex.example"),
            (Code::WaitsAtDomain, "Ask the admin of globex.example"),
        ] {
            let said = refused(code).todo.unwrap();
            assert!(said.contains(todo), "{code}: {said}");
        }
        let older = (Code::FrameMalformed, Code::FrameMalformed.sentence().to_owned());
        assert!(linked(&domain, Err(older)).todo.unwrap().contains("upgraded"));
        let soon = tested(&domain, Err(TestError::TooSoon(30_001)));
        assert_eq!((soon.grade, soon.todo.unwrap().as_str()), (Grade::Look, "Ask again in 31 s."));
    }
}
