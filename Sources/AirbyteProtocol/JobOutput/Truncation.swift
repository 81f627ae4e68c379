/// What stands in place of a text's cut end, in the platform's words.
private let truncationNote = "... Remainder truncated by the Airbyte platform."

extension String {
    /// The text if it has at most that many UTF-16 units, else its beginning and a note that says so.
    ///
    /// Both together are not longer than the limit, and no surrogate pair is split.
    public func truncated(toUTF16Length limit: Int) -> String {
        // The number of UTF-16 units is never above that of UTF-8 bytes, which costs nothing to ask for.
        if utf8.count <= limit || utf16.count <= limit { return self }
        let kept = max(limit - truncationNote.utf16.count, 0)
        let end = utf16.index(startIndex, offsetBy: kept)
        // A position between the two units of a pair is rounded down to the scalar's beginning.
        return String(unicodeScalars[..<end.rounded(downIn: self)]) + truncationNote
    }
}

extension String.Index {
    fileprivate func rounded(downIn text: String) -> String.Index {
        samePosition(in: text.unicodeScalars) ?? text.utf16.index(before: self)
    }
}
