//! JSON pointers (RFC 6901) as text: how a name becomes a step of one, and back.

/// A name as one step of a pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name that one step of a pointer stands for.
pub fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The pointer to a member of what `pointer` points to.
pub fn join(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", escaped(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in ["", "a", "a/b", "~", "~1", "/~01/", "~0~1"] {
            assert_eq!(unescaped(&escaped(name)), name);
        }
        assert_eq!(join("/a", "m~n/o"), "/a/m~0n~1o");
    }
}
