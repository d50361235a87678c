//! The index on disk: which texts have which tokens. Texts themselves are not kept; what is found
//! is a key, by which whoever keeps the texts finds one.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tantivy::collector::TopDocs;
use tantivy::columnar::ColumnValues;
use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentId;
use tantivy::query::doc_predicate_query::{DocPredicateQuery, FunctionPredicate};
use tantivy::query::{
    BooleanQuery, ConstScoreQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query as TantivyQuery,
    TermQuery,
};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TokenStream, Tokenizer};
use tantivy::{
    DocAddress, DocId, IndexReader, IndexSettings, IndexWriter, Order as SortOrder, ReloadPolicy,
    Searcher, SegmentReader, TantivyDocument, TantivyError, Term,
};

use crate::query::{Part, Query};
use crate::token::{Token, tokens};

/// What a text is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its channel, by number.
    pub channel: u32,
    /// Its time; greater is later.
    pub time: u64,
    /// What tells it from others of its channel and time.
    pub rest: u64,
}

/// A text to be found.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// What it is known by.
    pub key: Key,
    /// Whose it is.
    pub author: u64,
    /// The text.
    pub text: &'a str,
}

/// Where to look.
#[derive(Clone, Debug)]
pub struct Filter {
    /// In these channels.
    pub channels: Arc<HashSet<u32>>,
    /// Of this author.
    pub author: Option<u64>,
    /// Of these times.
    pub times: Range<u64>,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What fits best.
    Rank,
    /// What is newest.
    Newest,
}

/// Why an index cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is damaged, or of another form; made anew it serves again.
    #[error("the index is damaged or of another release: {0}")]
    Unusable(String),
    /// Its directory cannot be used.
    #[error("the index's directory cannot be used: {0}")]
    Directory(#[from] std::io::Error),
}

/// Why something cannot be found or written.
#[derive(Debug, thiserror::Error)]
#[error("the search index: {0}")]
pub struct IndexError(#[from] TantivyError);

/// An index, to be searched. Cheap to clone.
#[derive(Clone)]
pub struct Index {
    inner: tantivy::Index,
    reader: IndexReader,
    fields: Fields,
}

#[derive(Clone, Copy)]
struct Fields {
    text: Field,
    channel: Field,
    time: Field,
    rest: Field,
    author: Field,
}

/// Memory of one that writes, in bytes.
const WRITER_BYTES: usize = 32 << 20;
const CUTTER: &str = "comity";

impl Index {
    /// Opens the index of a directory, or makes an empty one.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(dir)?;
        let unusable = |error: TantivyError| OpenError::Unusable(error.to_string());
        let directory = MmapDirectory::open(dir).map_err(|error| unusable(error.into()))?;
        let (schema, fields) = schema();
        let settings = IndexSettings { docstore_compression: NONE, ..IndexSettings::default() };
        let builder = tantivy::Index::builder().schema(schema).settings(settings);
        let inner = builder.open_or_create(directory).map_err(unusable)?;
        let damaged = inner.validate_checksum().map_err(unusable)?;
        if let Some(file) = damaged.iter().next() {
            return Err(OpenError::Unusable(format!(
                "{} does not fit its checksum",
                file.display()
            )));
        }
        inner.tokenizers().register(CUTTER, Cutter);
        let reader = inner.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
        Ok(Self { reader: reader.map_err(unusable)?, inner, fields })
    }

    /// What the last commit noted; `None` where there was none.
    pub fn note(&self) -> Result<Option<String>, IndexError> {
        Ok(self.inner.load_metas()?.payload)
    }

    /// How many texts can be found.
    pub fn count(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Who adds to it; there is one at a time.
    pub fn writer(&self) -> Result<Writer, IndexError> {
        let inner = self.inner.writer_with_num_threads(1, WRITER_BYTES)?;
        Ok(Writer { index: self.clone(), inner })
    }

    /// Keys of texts that have what is looked for, without the first `skip`, at most `max`; of
    /// those that the last commit knew.
    pub fn search(
        &self,
        query: &Query,
        filter: &Filter,
        order: Order,
        (skip, max): (usize, usize),
    ) -> Result<Vec<Key>, IndexError> {
        let searcher = self.reader.searcher();
        let query = self.query(query, filter);
        let top = TopDocs::with_limit(max.max(1)).and_offset(skip);
        let found: Vec<DocAddress> = match order {
            Order::Rank => {
                let found = searcher.search(&query, &top.order_by_score())?;
                found.into_iter().map(|(_, at)| at).collect()
            }
            Order::Newest => {
                let top = top.order_by_u64_field(TIME, SortOrder::Desc);
                searcher.search(&query, &top)?.into_iter().map(|(_, at)| at).collect()
            }
        };
        found.into_iter().map(|at| key_at(&searcher, at)).collect()
    }

    fn query(&self, query: &Query, filter: &Filter) -> BooleanQuery {
        let parts = query.parts.iter().map(|part| self.part(part));
        let author = filter.author.map(|author| {
            let term = Term::from_field_u64(self.fields.author, author);
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            Box::new(ConstScoreQuery::new(Box::new(query), 0.0)) as Box<dyn TantivyQuery>
        });
        let wanted: Box<dyn TantivyQuery> =
            Box::new(ConstScoreQuery::new(Box::new(wanted(filter.clone())), 0.0));
        let all = parts.chain(author).chain([wanted]);
        BooleanQuery::new(all.map(|query| (Occur::Must, query)).collect())
    }

    fn part(&self, part: &Part) -> Box<dyn TantivyQuery> {
        let terms: Vec<Term> = part
            .tokens
            .iter()
            .map(|token| Term::from_field_text(self.fields.text, token))
            .collect();
        if part.is_prefix {
            let mut query = PhrasePrefixQuery::new(terms);
            query.set_max_expansions(EXPANSIONS_MAX);
            return Box::new(query);
        }
        match <[Term; 1]>::try_from(terms) {
            Ok([term]) => Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)),
            Err(terms) => Box::new(PhraseQuery::new(terms)),
        }
    }
}

/// Adds to an index, and takes out of it. Nothing is found, or gone, before a commit.
pub struct Writer {
    index: Index,
    inner: IndexWriter,
}

impl Writer {
    /// Adds a text.
    pub fn add(&mut self, document: Document<'_>) -> Result<(), IndexError> {
        let fields = self.index.fields;
        let mut inner = TantivyDocument::new();
        inner.add_text(fields.text, document.text);
        inner.add_u64(fields.channel, document.key.channel.into());
        inner.add_u64(fields.time, document.key.time);
        inner.add_u64(fields.rest, document.key.rest);
        inner.add_u64(fields.author, document.author);
        self.inner.add_document(inner)?;
        Ok(())
    }

    /// Takes texts out of which all was added before.
    pub fn remove(&mut self, keys: &[Key]) -> Result<(), IndexError> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Arc<HashSet<Key>> = Arc::new(keys.iter().copied().collect());
        self.remove_where(move |key| keys.contains(&key))
    }

    /// Takes the texts of a channel out that are older than a time.
    pub fn remove_older(&mut self, channel: u32, time: u64) -> Result<(), IndexError> {
        self.remove_where(move |key| key.channel == channel && key.time < time)
    }

    /// Takes all texts out.
    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.inner.delete_all_documents()?;
        Ok(())
    }

    fn remove_where(
        &mut self,
        is_gone: impl Fn(Key) -> bool + Clone + Send + Sync + 'static,
    ) -> Result<(), IndexError> {
        let predicate = FunctionPredicate::from(move |segment: &SegmentReader| {
            let (keys, is_gone) = (Keys::of(segment)?, is_gone.clone());
            Ok(move |doc: DocId| is_gone(keys.at(doc)))
        });
        self.inner.delete_query(Box::new(DocPredicateQuery::from(predicate)))?;
        Ok(())
    }

    /// Makes all that was done be found, and kept over restarts, with a note on how far it goes.
    pub fn commit(&mut self, note: &str) -> Result<(), IndexError> {
        let mut commit = self.inner.prepare_commit()?;
        commit.set_payload(note);
        commit.commit()?;
        self.index.reader.reload()?;
        Ok(())
    }

    /// Takes what was removed off the disk. How many parts of the index were written anew for it.
    pub fn compact(&mut self) -> Result<usize, IndexError> {
        let metas = self.index.inner.searchable_segment_metas()?;
        let stale: Vec<SegmentId> =
            metas.iter().filter(|meta| meta.has_deletes()).map(|meta| meta.id()).collect();
        for id in &stale {
            self.inner.merge(&[*id]).wait()?;
        }
        self.index.reader.reload()?;
        self.inner.garbage_collect_files().wait()?;
        Ok(stale.len())
    }

    /// Waits until what is merged in the background is, and ends.
    pub fn finish(self) -> Result<(), IndexError> {
        Ok(self.inner.wait_merging_threads()?)
    }
}

/// The keys of a segment's texts.
struct Keys {
    channel: Arc<dyn ColumnValues<u64>>,
    time: Arc<dyn ColumnValues<u64>>,
    rest: Arc<dyn ColumnValues<u64>>,
}

impl Keys {
    fn of(segment: &SegmentReader) -> tantivy::Result<Self> {
        let column =
            |name| Ok::<_, TantivyError>(segment.fast_fields().u64(name)?.first_or_default_col(0));
        Ok(Self { channel: column(CHANNEL)?, time: column(TIME)?, rest: column(REST)? })
    }

    fn at(&self, doc: DocId) -> Key {
        Key {
            channel: u32::try_from(self.channel.get_val(doc)).unwrap_or(u32::MAX),
            time: self.time.get_val(doc),
            rest: self.rest.get_val(doc),
        }
    }
}

fn key_at(searcher: &Searcher, at: DocAddress) -> Result<Key, IndexError> {
    Ok(Keys::of(searcher.segment_reader(at.segment_ord))?.at(at.doc_id))
}

/// What lets pass the texts where somebody looks.
fn wanted(filter: Filter) -> DocPredicateQuery {
    FunctionPredicate::from(move |segment: &SegmentReader| {
        let (keys, Filter { channels, times, .. }) = (Keys::of(segment)?, filter.clone());
        Ok(move |doc: DocId| {
            let channel = u32::try_from(keys.channel.get_val(doc)).unwrap_or(u32::MAX);
            channels.contains(&channel) && times.contains(&keys.time.get_val(doc))
        })
    })
    .into()
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(CUTTER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text =
        builder.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    let channel = builder.add_u64_field(CHANNEL, FAST);
    let time = builder.add_u64_field(TIME, FAST);
    let rest = builder.add_u64_field(REST, FAST);
    let author = builder.add_u64_field("author", INDEXED);
    (builder.build(), Fields { text, channel, time, rest, author })
}

/// Tokens as the index takes them.
#[derive(Clone)]
struct Cutter;

impl Tokenizer for Cutter {
    type TokenStream<'a> = Cut;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Cut {
        Cut { rest: tokens(text).into_iter(), token: tantivy::tokenizer::Token::default() }
    }
}

struct Cut {
    rest: std::vec::IntoIter<Token>,
    token: tantivy::tokenizer::Token,
}

impl TokenStream for Cut {
    fn advance(&mut self) -> bool {
        let Some(next) = self.rest.next() else { return false };
        self.token.position = next.position;
        self.token.offset_from = next.range.start;
        self.token.offset_to = next.range.end;
        self.token.text = next.text;
        true
    }

    fn token(&self) -> &tantivy::tokenizer::Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut tantivy::tokenizer::Token {
        &mut self.token
    }
}

const CHANNEL: &str = "channel";
const TIME: &str = "time";
const REST: &str = "rest";
/// Words that a beginning may stand for beside others in a part.
const EXPANSIONS_MAX: u32 = 1_000;
/// Nothing is kept in the store of documents.
const NONE: tantivy::store::Compressor = tantivy::store::Compressor::None;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    struct Fixture {
        dir: tempfile::TempDir,
        index: Index,
        writer: Writer,
    }

    impl Fixture {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let index = Index::open(dir.path()).unwrap();
            let writer = index.writer().unwrap();
            Self { dir, index, writer }
        }

        fn add(&mut self, channel: u32, time: u64, text: &str) -> Key {
            let key = Key { channel, time, rest: time * 7 };
            self.writer.add(Document { key, author: u64::from(channel) + 100, text }).unwrap();
            key
        }

        fn find(&self, query: &str, filter: &Filter, order: Order) -> Vec<Key> {
            self.index.search(&Query::parse(query).unwrap(), filter, order, (0, 10)).unwrap()
        }

        fn all(&self, query: &str) -> Vec<Key> {
            self.find(query, &of_channels(&[1, 2, 3]), Order::Newest)
        }
    }

    fn of_channels(channels: &[u32]) -> Filter {
        let channels = Arc::new(channels.iter().copied().collect());
        Filter { channels, author: None, times: 0..u64::MAX }
    }

    #[test]
    fn nothing_is_found_before_a_commit_and_all_after_it() {
        let mut fixture = Fixture::new();
        let tea = fixture.add(1, 10, "Tea at five");
        assert_eq!(fixture.all("tea"), []);
        fixture.writer.commit("upto 1").unwrap();
        assert_eq!(fixture.all("TEA"), [tea]);
        assert_eq!(fixture.index.note().unwrap().as_deref(), Some("upto 1"));
        let Fixture { dir, index, writer } = fixture;
        writer.finish().unwrap();
        drop(index);
        let index = Index::open(dir.path()).unwrap();
        assert_eq!((index.count(), index.note().unwrap().as_deref()), (1, Some("upto 1")));
    }

    #[test]
    fn only_where_somebody_looks_something_is_found() {
        let mut fixture = Fixture::new();
        let keys: Vec<Key> =
            (1..=3).map(|channel| fixture.add(channel, channel.into(), "tea")).collect();
        fixture.writer.commit("").unwrap();
        let of = |filter: &Filter| fixture.find("tea", filter, Order::Newest);
        assert_eq!(of(&of_channels(&[1, 3])), [keys[2], keys[0]]);
        assert_eq!(of(&of_channels(&[])), []);
        assert_eq!(of(&Filter { author: Some(102), ..of_channels(&[1, 2, 3]) }), [keys[1]]);
        assert_eq!(of(&Filter { author: Some(102), ..of_channels(&[1, 3]) }), []);
        assert_eq!(of(&Filter { times: 2..3, ..of_channels(&[1, 2, 3]) }), [keys[1]]);
    }

    #[test]
    fn what_fits_best_or_is_newest_comes_first() {
        let mut fixture = Fixture::new();
        let short = fixture.add(1, 1, "tea, tea and more tea");
        let long = fixture.add(1, 2, &format!("tea {}", "and biscuits ".repeat(20)));
        fixture.writer.commit("").unwrap();
        let filter = of_channels(&[1]);
        assert_eq!(fixture.find("tea", &filter, Order::Rank), [short, long]);
        assert_eq!(fixture.find("tea", &filter, Order::Newest), [long, short]);
        let query = Query::parse("tea").unwrap();
        let second = fixture.index.search(&query, &filter, Order::Newest, (1, 1)).unwrap();
        assert_eq!(second, [short]);
    }

    #[test]
    fn what_the_query_finds_in_a_text_the_index_finds() {
        let mut fixture = Fixture::new();
        let texts = [
            "Éva says: call find_by_id(7) at https://acme.example/a-b",
            "명일 서울에서 만나요",
            "明日、東京都へ行きます。",
            "我们在北京大学见面",
            "ok 👍",
            "Die Kaffeemaschine ist kaputt",
            "สวัสดีครับ",
        ];
        for (at, text) in texts.iter().enumerate() {
            fixture.add(1, at as u64, text);
        }
        fixture.writer.commit("").unwrap();
        let queries = [
            "eva",
            "find_by_id",
            "acme.example/a",
            "\"call find\"",
            "id find",
            "서울",
            "서",
            "만나요",
            "東京",
            "京都",
            "都",
            "行き",
            "北京大学",
            "大学",
            "大",
            "👍",
            "kaff*",
            "kaffee",
            "สวัสดี",
            "ครับ",
            "eva acme",
            "東京 行き",
            "東行",
        ];
        for query in queries {
            let parsed = Query::parse(query).unwrap();
            let wanted: Vec<u64> = (0..7u32)
                .zip(texts)
                .rev()
                .filter(|(_, text)| parsed.find(text).is_some())
                .map(|(at, _)| at.into())
                .collect();
            let found: Vec<u64> = fixture.all(query).iter().map(|key| key.time).collect();
            assert_eq!(found, wanted, "{query}");
        }
    }

    #[test]
    fn what_is_removed_is_gone_from_the_disk_too() {
        let mut fixture = Fixture::new();
        let secret = fixture.add(1, 1, "the zebracode");
        let old = fixture.add(2, 5, "tea");
        let kept = fixture.add(2, 6, "tea");
        fixture.writer.commit("").unwrap();
        fixture.writer.remove(&[secret]).unwrap();
        fixture.writer.remove_older(2, 6).unwrap();
        assert_eq!(fixture.all("zebracode"), [secret]);
        fixture.writer.commit("").unwrap();
        assert_eq!(fixture.all("zebracode"), []);
        assert_eq!(fixture.all("tea"), [kept]);
        assert_ne!(old, kept);
        let knows = |fixture: &Fixture| {
            let searcher = fixture.index.reader.searcher();
            let term = Term::from_field_text(fixture.index.fields.text, "zebracode");
            searcher.doc_freq(&term).unwrap()
        };
        assert_eq!(knows(&fixture), 1);
        assert_eq!(fixture.writer.compact().unwrap(), 1);
        assert_eq!(knows(&fixture), 0);
        assert_eq!(fixture.writer.compact().unwrap(), 0);
        assert_eq!(fixture.all("tea"), [kept]);
    }

    #[test]
    fn an_edit_is_a_removal_and_another_text() {
        let mut fixture = Fixture::new();
        for between in [true, false] {
            let key = fixture.add(1, 1, "coffee");
            if between {
                fixture.writer.commit("").unwrap();
            }
            fixture.writer.remove(&[key]).unwrap();
            fixture.add(1, 1, "tea");
            fixture.writer.commit("").unwrap();
            assert_eq!((fixture.all("coffee"), fixture.all("tea")), (vec![], vec![key]));
            fixture.writer.clear().unwrap();
        }
    }

    #[test]
    fn a_damaged_index_is_not_used() {
        let mut fixture = Fixture::new();
        fixture.add(1, 1, "tea");
        fixture.writer.commit("").unwrap();
        let Fixture { dir, index, writer } = fixture;
        writer.finish().unwrap();
        drop(index);
        let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        for file in files.filter(|file| file.is_file() && !file.ends_with(".managed.json")) {
            let whole = std::fs::read(&file).unwrap();
            if whole.is_empty() {
                continue;
            }
            let mut damaged = whole.clone();
            damaged[whole.len() / 2] ^= 0x40;
            std::fs::write(&file, &damaged).unwrap();
            let opened = Index::open(dir.path());
            assert!(matches!(opened, Err(OpenError::Unusable(_))), "{}", file.display());
            std::fs::write(&file, &whole).unwrap();
        }
        assert_eq!(Index::open(dir.path()).unwrap().count(), 1);
    }
}
