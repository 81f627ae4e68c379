/// What a reader has been asked for: every setting by its name, whether it is set, and what counts where it is not.
///
/// For people who want to see all of the settings. The program itself keeps none.
package final class SettingsJournal {
    package struct Entry: Hashable, Sendable {
        /// The names under which the setting is looked for, the first one that is set counts.
        package var names: [String]
        /// The name that is set; nil where none is.
        package var found: String?
        /// What counts where none of the names is set, as people write it; nil where there is no default.
        package var fallback: String?

        /// What people call the setting: the name that is set, else the first one.
        package var name: String { found ?? names[0] }
    }

    /// In the order in which they were asked for first.
    package private(set) var entries: [Entry] = []

    package init() {}

    /// Every name that was asked for.
    package var names: Set<String> { Set(entries.flatMap(\.names)) }

    /// Takes down one question. Of a setting that is asked for again, only what was not known is added.
    func note(_ names: [String], found: String?, fallback: String?) {
        if let known = entries.firstIndex(where: { $0.names.contains(names[0]) }) {
            entries[known].names += names.filter { !entries[known].names.contains($0) }
            entries[known].found = entries[known].found ?? found
            entries[known].fallback = entries[known].fallback ?? fallback
        } else {
            entries.append(Entry(names: names, found: found, fallback: fallback))
        }
    }
}
