//! The verdict on events of a group (`docs/protocol/` section 7.5): whether an act was allowed in
//! every control state from the one that its author knew to the last one before V covers it.

use comity_protocol::control::Role;
use comity_protocol::id::{AccountId, ControlPoint, LineageId, LogName, WriterId};
use minicbor::{Decode, Encode};

use super::Group;
use super::state::{ControlState, Member, Place};

/// Where the control record stands that an event states as `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// Ahead of what is known here.
    Ahead,
    /// At this place; one that a later term made void stands for the base of that term.
    At(Place),
    /// It is not a record of this channel.
    Wrong,
}

/// Which right an event needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RightTo {
    /// Its author is in.
    #[n(0)]
    BeIn,
    /// Its author is in and may post.
    #[n(1)]
    Post,
}

impl Group {
    /// Finds the record that a point names.
    pub fn find(&self, point: &ControlPoint) -> Stated {
        if (point.term, point.seq) > (self.point.term, self.point.seq) {
            return Stated::Ahead;
        }
        let Some(term) = self.terms.get(&point.term) else { return Stated::Wrong };
        if let Some(base) = self.terms.get(&(point.term + 1)).and_then(|next| next.base)
            && point.seq > base.seq
        {
            return Stated::At((base.term, base.seq));
        }
        let at = usize::try_from(point.seq).ok().and_then(|seq| seq.checked_sub(1));
        if at.and_then(|at| term.hashes.get(at)) == Some(&point.hash) {
            Stated::At((point.term, point.seq))
        } else {
            Stated::Wrong
        }
    }

    /// The control log of which a point names another record than the one that is known here.
    pub(crate) fn contradicted(&self, point: &ControlPoint) -> Option<LogName> {
        let is_one = (1..=self.terms.get(&point.term)?.hashes.len() as u64).contains(&point.seq);
        if is_one && self.find(point) == Stated::Wrong {
            self.control_log_of(point.term)
        } else {
            None
        }
    }

    /// The verdict on an event as far as it is known.
    pub fn accepts(
        &self,
        right: RightTo,
        author: &AccountId,
        after: Place,
        log: (LineageId, WriterId),
        seq: u64,
    ) -> bool {
        let until = self.uncovered_until(log, seq).max(after);
        let is_above = self.closed.get(&log).is_some_and(|(end, _)| seq > *end);
        !is_above && self.state.was_allowed(right, author, after, until)
    }

    /// The last control record at which V does not cover an event; the newest while none does.
    fn uncovered_until(&self, log: (LineageId, WriterId), seq: u64) -> Place {
        // V never falls, so that its entries for a log ascend.
        let first = self.covered_at.get(&log).and_then(|covered| {
            let at = covered.partition_point(|(covers, _)| *covers < seq);
            covered.get(at).map(|(_, place)| *place)
        });
        first.map_or((self.point.term, self.point.seq), |place| self.before(place))
    }

    /// The record before one.
    fn before(&self, (term, seq): Place) -> Place {
        if seq > 1 {
            return (term, seq - 1);
        }
        let base = self.terms.get(&term).and_then(|term| term.base);
        base.map_or((term, 0), |base| (base.term, base.seq))
    }
}

impl ControlState {
    /// Whether an act of an account was allowed in every state from one place to another.
    pub(crate) fn was_allowed(
        &self,
        right: RightTo,
        author: &AccountId,
        from: Place,
        until: Place,
    ) -> bool {
        let Some(member) = self.members.get(author) else { return false };
        let within = |(began, ended): &(Place, Option<Place>)| {
            *began <= from && ended.is_none_or(|ended| until < ended)
        };
        member.stays.iter().any(within)
            && (right == RightTo::BeIn || self.could_post(member, from, until))
    }

    /// Whether a member's role allowed posting in every state from one place to another.
    fn could_post(&self, member: &Member, from: Place, until: Place) -> bool {
        let start = at(&self.posts, from).unwrap_or(Some(Role::Member));
        let mut role = at(&member.roles, from).unwrap_or(Role::Member);
        let mut needed = start;
        let fits = |role: Role, needed: Option<Role>| needed.is_some_and(|needed| role >= needed);
        if !fits(role, needed) {
            return false;
        }
        let mut posts = within(&self.posts, from, until).peekable();
        let mut roles = within(&member.roles, from, until).peekable();
        loop {
            let place = match (posts.peek(), roles.peek()) {
                (None, None) => return true,
                (Some((place, _)), None) | (None, Some((place, _))) => *place,
                (Some((a, _)), Some((b, _))) => *a.min(b),
            };
            // What changes at one place changes together.
            if let Some((_, next)) = posts.next_if(|(at, _)| *at == place) {
                needed = *next;
            }
            if let Some((_, next)) = roles.next_if(|(at, _)| *at == place) {
                role = *next;
            }
            if !fits(role, needed) {
                return false;
            }
        }
    }
}

/// What counted at a place, in a list of what counts from each place on.
fn at<T: Copy>(changes: &[(Place, T)], place: Place) -> Option<T> {
    let after = changes.partition_point(|(from, _)| *from <= place);
    after.checked_sub(1).map(|i| changes[i].1)
}

/// The changes after one place up to another.
fn within<T>(
    changes: &[(Place, T)],
    from: Place,
    until: Place,
) -> impl Iterator<Item = &(Place, T)> {
    let first = changes.partition_point(|(place, _)| *place <= from);
    changes[first..].iter().take_while(move |(place, _)| *place <= until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use comity_protocol::id::{AccountNumber, LineageId};

    fn state(posts: &[(u64, Option<Role>)], roles: &[(u64, Role)]) -> (ControlState, AccountId) {
        let account = AccountId { lineage: LineageId([1; 32]), number: AccountNumber(1) };
        let member = Member {
            stays: vec![((1, 2), Some((1, 20))), ((1, 30), None)],
            roles: roles.iter().map(|(seq, role)| ((1, *seq), *role)).collect(),
            ..Member::default()
        };
        let mut state = ControlState::genesis(&crate::group::tests::genesis()).unwrap();
        state.members.insert(account, member);
        state.posts = posts.iter().map(|(seq, role)| ((1, *seq), *role)).collect();
        (state, account)
    }

    #[test]
    fn an_act_is_allowed_where_its_author_was_in_all_the_time() {
        let (state, account) = state(&[], &[(2, Role::Member)]);
        let was_in =
            |from, until| state.was_allowed(RightTo::BeIn, &account, (1, from), (1, until));
        assert!(was_in(2, 19) && was_in(5, 5) && was_in(30, 99));
        assert!(!was_in(1, 5) && !was_in(2, 20) && !was_in(19, 31) && !was_in(20, 20));
    }

    #[test]
    fn posting_follows_the_rule_and_the_role_of_every_state() {
        use Role::{Member, Moderator, Owner};
        let posts = [(5, Some(Moderator)), (8, Some(Member)), (10, None), (12, Some(Owner))];
        let (state, account) = state(&posts, &[(2, Member), (4, Moderator), (14, Owner)]);
        let posted =
            |from, until| state.was_allowed(RightTo::Post, &account, (1, from), (1, until));
        assert!(posted(2, 9), "a moderator from before the rule changed");
        assert!(!posted(2, 10), "archived at 10");
        assert!(!posted(10, 10) && !posted(11, 11));
        assert!(!posted(12, 13), "not yet an owner");
        assert!(posted(14, 19));
        assert!(!posted(13, 14));
    }
}
