//! `contracts.yaml` with some lines more. It is a person's file: comments and layout stay. Whoever edits it
//! parses it again and looks, so that these few rules need not know all of YAML.

/// A text by its lines.
pub(super) struct Lines<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { lines: text.lines().collect() }
    }

    /// Gives a module members that it lacks. None if it is not written as `- name: …` on a line of its own.
    pub(super) fn extend_module(&self, name: &str, members: &[String]) -> Option<String> {
        let at = self.lines.iter().position(|line| {
            let rest = line.trim_start().strip_prefix('-').map(str::trim_start);
            let value = rest.and_then(|rest| rest.strip_prefix("name:")).map(bare);
            value == Some(name)
        })?;
        let indent = " ".repeat(self.lines[at].find("name:")?);
        let added = members.iter().map(|member| format!("{indent}{member}"));
        Some(self.with(at + 1, added))
    }

    /// Adds a module behind the others. None if `modules:` does not stand on a line of its own.
    pub(super) fn add_module(&self, name: &str, path: &str, members: &[String]) -> Option<String> {
        let begin = self.lines.iter().position(|line| {
            line.strip_prefix("modules:").is_some_and(|rest| bare(rest).is_empty())
        })?;
        let within =
            |line: &&&str| line.is_empty() || line.starts_with([' ', '-', '#', '\t', '\r']);
        let items = &self.lines[begin + 1..];
        let mut end = items.iter().take_while(within).count();
        // What stands before the next member speaks of that.
        while end > 0 && (items[end - 1].trim().is_empty() || items[end - 1].starts_with('#')) {
            end -= 1;
        }
        let first = items.iter().find(|line| line.trim_start().starts_with("- "))?;
        let indent = " ".repeat(first.find('-')?);
        let mut added = vec![format!("{indent}- name: {name}")];
        if path != name {
            added.push(format!("{indent}  path: {path}"));
        }
        added.extend(members.iter().map(|member| format!("{indent}  {member}")));
        Some(self.with(begin + 1 + end, added.into_iter()))
    }

    fn with(&self, at: usize, added: impl Iterator<Item = String>) -> String {
        let mut lines: Vec<String> = self.lines.iter().map(|line| (*line).to_owned()).collect();
        lines.splice(at..at, added);
        lines.join("\n") + "\n"
    }
}

/// A plain value without the quotation marks and the comment that may be around it.
fn bare(value: &str) -> &str {
    let value = value.split(" #").next().unwrap_or_default().trim();
    value.trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\nmodules: # all\n  - name: a # first\n    path: x/a\n  -  name: 'b'\n\n# who\nconsumers: []\n";

    #[test]
    fn lines_are_added_and_nothing_else_changes() {
        let lines = Lines::of(TEXT);
        let member = ["schemas: ['*.json']".to_owned()];
        let text = lines.extend_module("a", &member).unwrap();
        assert_eq!(text, TEXT.replace("first\n", "first\n    schemas: ['*.json']\n"));
        let text = lines.extend_module("b", &member).unwrap();
        assert_eq!(text, TEXT.replace("'b'\n", "'b'\n     schemas: ['*.json']\n"));
        let text = lines.add_module("c", "x/c", &member).unwrap();
        let module = "  - name: c\n    path: x/c\n    schemas: ['*.json']\n";
        assert_eq!(text, TEXT.replace("'b'\n", &format!("'b'\n{module}")));
        assert!(!lines.add_module("c", "c", &member).unwrap().contains("path: c"));
        assert_eq!(lines.extend_module("c", &member), None);
        for odd in ["modules: [{name: a}]\n", "modules:\n", "{modules: []}"] {
            assert_eq!(Lines::of(odd).add_module("c", "c", &member), None, "{odd}");
        }
    }
}
