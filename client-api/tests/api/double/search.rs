//! Search in the double: texts that contain what was typed, the newest first.

use comity_client_api::*;

use super::Double;

impl SearchBackend for Double {
    async fn search(&self, caller: &Caller, search: Search) -> Result<SearchPage, Refusal> {
        let state = self.state();
        let mut results = Vec::new();
        for event in state.log.iter().rev() {
            let EventContent::Message(MessageContent { text: Some(text), .. }) = &event.content
            else {
                continue;
            };
            let is_wanted = search.channel.is_none_or(|channel| channel == event.channel)
                && search.author.as_ref().is_none_or(|author| *author == event.sender)
                && state.message(&caller.label, event.channel, event.id).is_ok();
            if let Some(at) = text.find(&search.text).filter(|_| is_wanted) {
                let end = at + search.text.len();
                let parts = [(&text[..at], false), (&text[at..end], true), (&text[end..], false)];
                let parts = parts.into_iter().filter(|(text, _)| !text.is_empty());
                let parts = parts.map(|(text, is_found)| (text.to_owned(), is_found)).collect();
                let snippet = Snippet { parts, ..Snippet::default() };
                results.push(SearchResult { event: state.with_remarks(event), snippet });
            }
        }
        let next = (results.len() > search.limit).then_some(search.limit);
        results.truncate(search.limit);
        Ok(SearchPage { results, next, indexed_percent: None })
    }
}
