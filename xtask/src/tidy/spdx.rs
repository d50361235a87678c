//! Licence expressions as packages state them: names joined by `AND`, `OR` and brackets. An old
//! `/` is an `OR`; a name `WITH` an exception is a name of its own.

/// Whether somebody who accepts these licences may use what is under this expression.
pub(crate) fn allows(expression: &str, accepted: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, accepted };
    reader.any() == Some(true) && reader.words.is_empty()
}

/// Reads on, one word at a time; what is no expression yields nothing.
struct Reader<'a> {
    words: &'a [&'a str],
    accepted: &'a [String],
}

impl Reader<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut is_allowed = self.all()?;
        while self.take("OR") {
            is_allowed |= self.all()?;
        }
        Some(is_allowed)
    }

    fn all(&mut self) -> Option<bool> {
        let mut is_allowed = self.one()?;
        while self.take("AND") {
            is_allowed &= self.one()?;
        }
        Some(is_allowed)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let is_allowed = self.any()?;
            return self.take(")").then_some(is_allowed);
        }
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        let mut name = (*first).to_owned();
        if self.take("WITH") {
            let (exception, rest) = self.words.split_first()?;
            self.words = rest;
            name = format!("{name} WITH {exception}");
        }
        Some(self.accepted.contains(&name))
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    fn check(expression: &str, expected: bool) {
        let accepted = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        assert_eq!(allows(expression, &accepted), expected, "{expression}");
    }

    #[test]
    fn expressions_are_understood() {
        check("MIT", true);
        check("MIT OR GPL-3.0", true);
        check("GPL-3.0/MIT", true);
        check("MIT AND ISC", true);
        check("(GPL-3.0 OR MIT) AND ISC", true);
        check("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true);
    }

    #[test]
    fn what_is_not_accepted_is_refused() {
        check("GPL-3.0", false);
        check("MIT AND GPL-3.0", false);
        check("GPL-3.0 OR MIT AND GPL-2.0", false);
        check("Apache-2.0", false);
        check("", false);
        check("(MIT", false);
        check("MIT ISC", false);
    }
}
